# `list.append(x, y)` with the list as an argument, often enough to be specialised.
class Counting(list):
    def append(self, item):
        list.append(self, item)


made = Counting()
for i in range(100):
    made.append(i)
print(len(made), made[-1])
plain = []
for i in range(100):
    list.append(plain, i)
print(len(plain))
