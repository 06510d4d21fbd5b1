"""A box to edit text in, with the keys of Emacs; and rectangles."""

import curses
import curses.ascii


def rectangle(win, uly, ulx, lry, lrx):
    """Draws the outline of a rectangle, given by two of its corners."""
    win.vline(uly + 1, ulx, curses.ACS_VLINE, lry - uly - 1)
    win.hline(uly, ulx + 1, curses.ACS_HLINE, lrx - ulx - 1)
    win.hline(lry, ulx + 1, curses.ACS_HLINE, lrx - ulx - 1)
    win.vline(uly + 1, lrx, curses.ACS_VLINE, lry - uly - 1)
    win.addch(uly, ulx, curses.ACS_ULCORNER)
    win.addch(uly, lrx, curses.ACS_URCORNER)
    win.addch(lry, lrx, curses.ACS_LRCORNER)
    win.addch(lry, ulx, curses.ACS_LLCORNER)


class Textbox:
    """Edits the text of a window.

    Ctrl-A  to the left edge                    Ctrl-B  left, over the edge where that makes sense
    Ctrl-D  delete the character here           Ctrl-E  to the right edge, or the end of the line
    Ctrl-F  right, over the edge                Ctrl-G  end, and give the text
    Ctrl-H  delete the character to the left    Ctrl-J  end if the window is one line, else a new line
    Ctrl-K  delete the line, or the rest of it  Ctrl-L  refresh the screen
    Ctrl-N  down                                Ctrl-O  insert an empty line here
    Ctrl-P  up

    A move that would leave the window does nothing. The arrow keys and backspace work where curses knows them. Characters are
    inserted or written over, as `insert_mode` says. `stripspaces` cuts the blanks at the ends of lines.
    """

    def __init__(self, win, insert_mode=False):
        self.win = win
        self.insert_mode = insert_mode
        self._update_max_yx()
        self.stripspaces = 1
        self.lastcmd = None
        win.keypad(1)

    def _update_max_yx(self):
        # The window may have changed its size.
        rows, columns = self.win.getmaxyx()
        self.maxy, self.maxx = rows - 1, columns - 1

    def _end_of_line(self, y):
        """The column after the last character of a line that is no blank."""
        self._update_max_yx()
        column = self.maxx
        while curses.ascii.ascii(self.win.inch(y, column)) == curses.ascii.SP:
            if column == 0:
                return 0
            column -= 1
        return min(self.maxx, column + 1)

    def _insert_printable_char(self, ch):
        self._update_max_yx()
        y, x = self.win.getyx()
        back = None
        while y < self.maxy or x < self.maxx:
            pushed_out = self.win.inch() if self.insert_mode else None
            # Writing to the last cell of a window is an error after the fact: it has been written.
            try:
                self.win.addch(ch)
            except curses.error:
                pass
            if pushed_out is None or not curses.ascii.isprint(pushed_out):
                break
            ch = pushed_out
            y, x = self.win.getyx()
            # The cursor belongs after the character that was typed, not after those it moved.
            if back is None:
                back = y, x
        if back is not None:
            self.win.move(*back)

    def do_command(self, ch):
        """Acts on one key; gives 0 where that ends the editing."""
        self._update_max_yx()
        win, (y, x) = self.win, self.win.getyx()
        self.lastcmd = ch
        key = curses.ascii
        if key.isprint(ch):
            if y < self.maxy or x < self.maxx:
                self._insert_printable_char(ch)
        elif ch == key.SOH:
            win.move(y, 0)
        elif ch in (key.STX, curses.KEY_LEFT, key.BS, curses.KEY_BACKSPACE, key.DEL):
            if x > 0:
                win.move(y, x - 1)
            elif y == 0:
                pass
            elif self.stripspaces:
                win.move(y - 1, self._end_of_line(y - 1))
            else:
                win.move(y - 1, self.maxx)
            if ch in (key.BS, curses.KEY_BACKSPACE, key.DEL):
                win.delch()
        elif ch == key.EOT:
            win.delch()
        elif ch == key.ENQ:
            win.move(y, self._end_of_line(y) if self.stripspaces else self.maxx)
        elif ch in (key.ACK, curses.KEY_RIGHT):
            if x < self.maxx:
                win.move(y, x + 1)
            elif y < self.maxy:
                win.move(y + 1, 0)
        elif ch == key.BEL:
            return 0
        elif ch == key.NL:
            if self.maxy == 0:
                return 0
            if y < self.maxy:
                win.move(y + 1, 0)
        elif ch == key.VT:
            if x == 0 and self._end_of_line(y) == 0:
                win.deleteln()
            else:
                win.move(y, x)
                win.clrtoeol()
        elif ch == key.FF:
            win.refresh()
        elif ch in (key.SO, curses.KEY_DOWN):
            self._to_line(y + 1, x)
        elif ch == key.SI:
            win.insertln()
        elif ch in (key.DLE, curses.KEY_UP):
            self._to_line(y - 1, x)
        return 1

    def _to_line(self, y, x):
        if 0 <= y <= self.maxy:
            self.win.move(y, x)
            if x > self._end_of_line(y):
                self.win.move(y, self._end_of_line(y))

    def gather(self):
        """The text of the window."""
        self._update_max_yx()
        text = ""
        for y in range(self.maxy + 1):
            self.win.move(y, 0)
            stop = self._end_of_line(y)
            if stop == 0 and self.stripspaces:
                continue
            for x in range(self.maxx + 1):
                if self.stripspaces and x > stop:
                    break
                text += chr(curses.ascii.ascii(self.win.inch(y, x)))
            if self.maxy > 0:
                text += "\n"
        return text

    def edit(self, validate=None):
        """Edits until a key ends it; gives the text. `validate` may replace each key, or drop it by giving nothing."""
        while True:
            ch = self.win.getch()
            if validate:
                ch = validate(ch)
            if not ch:
                continue
            if not self.do_command(ch):
                break
            self.win.refresh()
        return self.gather()


if __name__ == "__main__":
    def test_editbox(stdscr):
        rows, columns = 4, 9
        top, left = 15, 20
        stdscr.addstr(top - 2, left, "Use Ctrl-G to end editing.")
        win = curses.newwin(rows, columns, top, left)
        rectangle(stdscr, top - 1, left - 1, top + rows, left + columns)
        stdscr.refresh()
        return Textbox(win).edit()

    text = curses.wrapper(test_editbox)
    print("Contents of text box:", repr(text))
