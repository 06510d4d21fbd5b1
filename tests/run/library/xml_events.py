# Every event of a document with a document type declaration, and errors with their places.
import pyexpat
import xml.etree.ElementTree as ET

DOCUMENT = b"""<?xml version="1.0" encoding="iso-8859-1" standalone="no"?>
<?target some data?>
<!-- a comment -->
<!DOCTYPE doc PUBLIC "the  public id" "system" [
<!ELEMENT doc (head?, (item | note)*, tail+)>
<!ELEMENT head EMPTY>
<!ELEMENT item (#PCDATA|b)*>
<!ATTLIST item id ID #REQUIRED kind (x|y) "x" note CDATA #IMPLIED fixed NMTOKEN #FIXED " f ">
<!ENTITY inner "text &amp; <b>bold</b>">
<!ENTITY outer SYSTEM "outer.xml">
<!ENTITY picture PUBLIC "pub" "picture.gif" NDATA gif>
<!NOTATION gif SYSTEM "viewer">
]>
<doc xmlns:p="urn:p">
<item id=' a  b ' note="x&#10;y	z">caf\xe9 &inner; ]] &#x41;</item>
<p:q p:a="1"/><![CDATA[ <raw> ]]>&outer;
</doc>
<!-- after -->
"""


def show(parser):
    def handler(name):
        def handle(*args):
            if name.startswith("ExternalEntityRef"):
                args = sorted(args[0].split("\f")), *args[1:]  # in no particular order
            print(f"{parser.CurrentLineNumber}:{parser.CurrentColumnNumber}:{parser.CurrentByteIndex}", name, args)
            return 1

        return handle

    for name in dir(parser):
        if name.endswith("Handler") and not name.startswith("Default"):
            setattr(parser, name, handler(name))


for separator in (None, " "):
    for size in (7, 10_000):
        parser = pyexpat.ParserCreate(None, separator)
        parser.buffer_text = size == 7
        parser.ordered_attributes = True
        show(parser)
        for i in range(0, len(DOCUMENT), size):
            parser.Parse(DOCUMENT[i : i + size])
        parser.Parse(b"", True)

for bad in (
    "<a><b></a>", "<a", "<a x='1' x='2'/>", "", "<a/><b/>", "<a>&x;</a>", "<a>]]></a>", "<a>\x01</a>", "x", "<a b=c/>",
    "<?xml version='1.0' encoding='utf-16'?><a/>", "<!DOCTYPE a [<!ENTITY x '&y;'><!ENTITY y '&x;'>]><a>&x;</a>",
    "<a><?xml version='1.0'?></a>", "<a>&#0;</a>", "<a></a >x", "<a><![CDATA[x</a>", "<!DOCTYPE a [%p;]><a>&q;</a>",
):
    try:
        pyexpat.ParserCreate().Parse(bad.encode(), True)
        print("ok", bad)
    except pyexpat.ExpatError as e:
        print(e.code, e.lineno, e.offset, e)

root = ET.fromstring("<a x='1'>t<b/>u<c><d y='2'>v</d>w</c></a>")
print([e.tag for e in root.iter()], list(root.itertext()), root.find("c/d").attrib, ET.tostring(root))
