"""has_key for a curses library without it: asks the terminal's description whether it has the key."""

import _curses

# Terminfo's names of the keys.
_NAMES = """A1 ka1|A3 ka3|B2 kb2|BACKSPACE kbs|BEG kbeg|BTAB kcbt|C1 kc1|C3 kc3|CANCEL kcan|CATAB ktbc|CLEAR kclr|CLOSE kclo
COMMAND kcmd|COPY kcpy|CREATE kcrt|CTAB kctab|DC kdch1|DL kdl1|DOWN kcud1|EIC krmir|END kend|ENTER kent|EOL kel|EOS ked
EXIT kext|FIND kfnd|HELP khlp|HOME khome|IC kich1|IL kil1|LEFT kcub1|LL kll|MARK kmrk|MESSAGE kmsg|MOVE kmov|NEXT knxt
NPAGE knp|OPEN kopn|OPTIONS kopt|PPAGE kpp|PREVIOUS kprv|PRINT kprt|REDO krdo|REFERENCE kref|REFRESH krfr|REPLACE krpl
RESTART krst|RESUME kres|RIGHT kcuf1|SAVE ksav|SBEG kBEG|SCANCEL kCAN|SCOMMAND kCMD|SCOPY kCPY|SCREATE kCRT|SDC kDC|SDL kDL
SELECT kslt|SEND kEND|SEOL kEOL|SEXIT kEXT|SF kind|SFIND kFND|SHELP kHLP|SHOME kHOM|SIC kIC|SLEFT kLFT|SMESSAGE kMSG
SMOVE kMOV|SNEXT kNXT|SOPTIONS kOPT|SPREVIOUS kPRV|SPRINT kPRT|SR kri|SREDO kRDO|SREPLACE kRPL|SRIGHT kRIT|SRSUME kRES
SSAVE kSAV|SSUSPEND kSPD|STAB khts|SUNDO kUND|SUSPEND kspd|UNDO kund|UP kcuu1"""

_capability_names = {
    getattr(_curses, "KEY_" + key): capability
    for key, capability in (pair.split() for line in _NAMES.splitlines() for pair in line.split("|"))
    if hasattr(_curses, "KEY_" + key)
}
_capability_names.update((_curses.KEY_F0 + n, "kf%d" % n) for n in range(64))


def has_key(ch):
    if isinstance(ch, str):
        ch = ord(ch)
    capability = _capability_names.get(ch)
    return capability is not None and bool(_curses.tigetstr(capability))


if __name__ == "__main__":
    # Compares the answers of this module with the library's.
    try:
        lines = []
        _curses.initscr()
        for key in _capability_names:
            library, here = _curses.has_key(key), has_key(key)
            if library != here:
                lines.append("Mismatch for key %s, system=%i, Python=%i" % (_curses.keyname(key), library, here))
            else:
                lines.append("Match for key %s, yes=%i, no=%i" % (_curses.keyname(key), library, here))
    finally:
        _curses.endwin()
        for line in lines:
            print(line)
