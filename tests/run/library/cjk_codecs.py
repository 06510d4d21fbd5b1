# A digest of what each codec of Chinese, Japanese and Korean makes of all characters and of many bytes.
import codecs
import hashlib

NAMES = (
    "big5 big5hkscs cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk hz iso2022_jp iso2022_jp_1 "
    "iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr johab shift_jis shift_jis_2004 shift_jisx0213"
).split()
ALL = [chr(c) for c in range(0x30000) if not 0xD800 <= c < 0xE000]
TEXT = "".join(ALL[:0x3100]) + "".join(ALL[0x4E00:0x5200]) + "か\u309aæ\u0300Ê\u0304x" + "\U0002000b\U00020089"

for name in NAMES:
    digest = hashlib.sha256()
    whole = TEXT.encode(name, "ignore")
    digest.update(whole)
    digest.update(TEXT.encode(name, "replace"))
    digest.update(TEXT.encode(name, "backslashreplace"))
    digest.update(whole.decode(name).encode("utf-8"))
    for lead in range(0x20, 0x100):
        for rest in ([b] for b in range(0x21, 0x100, 3)):
            digest.update(bytes([lead, *rest, 0x41]).decode(name, "replace").encode("utf-8", "surrogatepass"))
    encoder = codecs.getincrementalencoder(name)("ignore")
    digest.update(b"".join(encoder.encode(c) for c in TEXT[::7]) + encoder.encode("", True))
    decoder = codecs.getincrementaldecoder(name)()
    digest.update("".join(decoder.decode(bytes([b])) for b in whole[:2000]).encode("utf-8"))
    print(name, len(whole), digest.hexdigest()[:16])
