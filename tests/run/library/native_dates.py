"""Dates, times and zones: arithmetic, text, order, errors."""
import pickle
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

east = timezone(timedelta(hours=5, minutes=30), "IST")
d = datetime(2024, 2, 29, 23, 59, 58, 123456, tzinfo=east)
print(d.isocalendar(), tuple(d.isocalendar()))
for o in (d, d.date(), d.time(), d.timetz(), d - datetime(1, 1, 1, tzinfo=UTC), east, UTC):
    print(repr(o), str(o), hash(o) == hash(pickle.loads(pickle.dumps(o))))
print(d + timedelta(days=366), d.astimezone(UTC), d.timestamp(), d.utctimetuple()[:6])
print(timedelta(microseconds=0.5), timedelta(microseconds=1.5), timedelta(days=1) * 1.1, timedelta(7) / 3, -timedelta(0, 1))
print(divmod(timedelta(10), timedelta(3)), timedelta(10) // timedelta(3), timedelta(1) / timedelta(3))
for s in ["2024-02-29", "20240229", "2024-W09-4", "2024W094", "2024-02-30", "2024-W54-1", "x" * 10]:
    try:
        print(date.fromisoformat(s))
    except ValueError as e:
        print(e)
for s in ["2024-02-29T12:30:15.123+05:30", "20240229 123015Z", "2024-12-31T24:00", "2024-02-29T25:00", "2024-02-29T12:3"]:
    try:
        print(datetime.fromisoformat(s))
    except ValueError as e:
        print(e)
print(d.strftime("%Y %y %C %G %F %f %z %:z %Z %%"), datetime(33, 1, 1).strftime("%Y %F"), format(d, ""))
print(d.replace(year=4, fold=1), d < d + timedelta(1), d == d.astimezone(UTC), date(1, 1, 1).ctime())


class Odd(tzinfo):
    def __init__(self, answer):
        self.answer = answer

    def utcoffset(self, dt):
        return self.answer


for f in [
    lambda: date(2023, 2, 29), lambda: time(24), lambda: timedelta("x"), lambda: date.max + timedelta(1),
    lambda: timedelta.max * 2, lambda: d - datetime(1, 1, 1), lambda: d < datetime(1, 1, 1), lambda: timezone(timedelta(1)),
    lambda: datetime(1, 1, 1, tzinfo=Odd(3)).utcoffset(), lambda: datetime(1, 1, 1, tzinfo=Odd(timedelta(9))).utcoffset(),
    lambda: datetime(1, 1, 1, tzinfo=Odd(None)).dst(), lambda: date.fromordinal(0), lambda: date(1), lambda: timedelta(1) / 0,
]:
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
