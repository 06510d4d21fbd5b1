"""Looking into other processes. Taipan has the types of the answers; the look itself it cannot take yet."""

from collections import namedtuple

PROCESS_VM_READV_SUPPORTED = 0

FrameInfo = namedtuple("FrameInfo", "filename lineno funcname")
ThreadInfo = namedtuple("ThreadInfo", "thread_id frame_info")
CoroInfo = namedtuple("CoroInfo", "call_stack task_name")
TaskInfo = namedtuple("TaskInfo", "task_id task_name coroutine_stack awaited_by")
AwaitedInfo = namedtuple("AwaitedInfo", "thread_id awaited_by")
for _type in (FrameInfo, ThreadInfo, CoroInfo, TaskInfo, AwaitedInfo):
    _type.__module__ = "_remote_debugging"
del _type, namedtuple


class RemoteUnwinder:
    """Reads the stacks of another process."""

    def __init__(self, pid, *, all_threads=False, only_active_thread=False, debug=False):
        raise NotImplementedError("Taipan cannot read the stacks of other processes")
