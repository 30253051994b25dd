import gc, tracemalloc, resource
from django.db import connection
import pytest
@pytest.mark.django_db(transaction=True)
def test_x():
    from portal.reference.sync.models import Record
    import uuid
    def rss(): return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1])
    tracemalloc.start()
    for k in range(5):
        for i in range(400):
            ids=[uuid.uuid4() for _ in range(500)]
            list(Record.objects.filter(identity__in=ids).values_list("id"))
        gc.collect(); print(k, tracemalloc.get_traced_memory()[0]//1000, "kB", rss())
    tracemalloc.stop()
