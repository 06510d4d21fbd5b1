"""Databases: statements, types, transactions, functions, blobs, errors."""

import sqlite3


def attempt(label, f):
    try:
        print(label, f())
    except Exception as e:
        print(label, type(e).__name__, e, getattr(e, "sqlite_errorname", ""))


con = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES)
con.execute("create table t(id integer primary key, name text, weight real, data blob, at point)")


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __conform__(self, protocol):
        return f"{self.x};{self.y}" if protocol is sqlite3.PrepareProtocol else None

    def __repr__(self):
        return f"Point({self.x}, {self.y})"


sqlite3.register_converter("point", lambda b: Point(*map(int, b.split(b";"))))
rows = [(None, "ä" * i, i / 3, bytes(range(i)), Point(i, -i)) for i in range(4)]
cur = con.executemany("insert into t values(?, ?, ?, ?, ?)", rows)
print(cur.rowcount, cur.lastrowid, con.in_transaction, con.total_changes)
con.commit()
cur = con.execute("select *, 3 as 'three [int]' from t where id > :low", {"low": 1})
print([c[0] for c in cur.description])
print(cur.fetchone(), cur.fetchmany(1), cur.fetchall(), cur.fetchone())

con.row_factory = sqlite3.Row
row = con.execute("select id, name as N from t where id = 2").fetchone()
print(tuple(row), row["n"], row[-1], row.keys(), row[0:1], len(row), hash(row) == hash(row))
con.row_factory = None

with con:
    con.execute("update t set weight = weight * 2")
try:
    with con:
        con.execute("delete from t")
        raise KeyError("undone")
except KeyError as e:
    print(e, con.execute("select count(*), sum(weight) from t").fetchone())


class Longest:
    def __init__(self):
        self.best = ""

    def step(self, s):
        self.best = max(self.best, s, key=len)

    def finalize(self):
        return self.best


con.create_function("twice", 1, lambda x: x * 2, deterministic=True)
con.create_aggregate("longest", 1, Longest)
con.create_collation("backwards", lambda a, b: (a < b) - (a > b))
print(con.execute("select twice(id), twice('x') from t order by id").fetchall())
print(con.execute("select longest(name) from t").fetchone())
print(con.execute("select name from t order by name collate backwards").fetchall())
con.create_function("fails", 0, lambda: 1 / 0)
attempt("function", lambda: con.execute("select fails()").fetchall())

con.execute("insert into t(id, data) values(10, zeroblob(8))")
with con.blobopen("t", "data", 10) as blob:
    blob.write(b"abc")
    blob[5] = 255
    blob[-2:] = b"yz"
    blob.seek(0)
    print(blob.read(), len(blob), blob.tell(), blob[1], blob[::3])
attempt("blob", blob.read)

attempt("syntax", lambda: con.execute("selec 1"))
attempt("two", lambda: con.execute("select 1; select 2"))
attempt("count", lambda: con.execute("select ?, ?", (1,)))
attempt("named", lambda: con.execute("select :a", {}))
attempt("type", lambda: con.execute("select ?", (object(),)))
attempt("unique", lambda: con.execute("insert into t(id) values(1)"))
attempt("big", lambda: sqlite3.connect(":memory:").execute("select ?", (2**63,)))
attempt("script", lambda: con.executescript("create table u(a); insert into u values(1); insert into u values(2);").connection is con)
print(list(con.iterdump())[-3:])

seen = []
con.set_trace_callback(seen.append)
con.execute("select ?", (5,)).fetchall()
con.set_trace_callback(None)
con.set_authorizer(lambda *a: sqlite3.SQLITE_DENY)
attempt("authorizer", lambda: con.execute("select * from u").fetchall())
con.set_authorizer(None)
con.set_progress_handler(lambda: 1, 1)
attempt("progress", lambda: con.execute("select count(*) from u, t, u, t").fetchall())
con.set_progress_handler(None, 1)
print(seen)

other = sqlite3.connect(":memory:")
con.commit()
con.backup(other, pages=1, progress=lambda status, remaining, total: None)
print(other.execute("select sum(a) from u").fetchone())
copy = sqlite3.connect(":memory:")
copy.deserialize(other.serialize())
print(copy.execute("select sum(a) from u").fetchone())
for c in (con, other, copy):
    c.close()
attempt("closed", lambda: con.execute("select 1"))
