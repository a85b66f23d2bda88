"""A power cut at every write of something: what each leaves is looked at."""

from karez_firmware.ports import fake_memory


def at_every_cut(nor, fram, act, look, kept=(0, 50, 100)):
    """Act over these memories; look(nor, fram) at what a cut at each of its writes leaves.

    Return how many writes there were. What look() raises is raised behind the act: the app's
    supervisor would catch it as a failure of the task that was writing.
    """
    count, failed = [0], []

    def on_write(memory, name, arguments):
        count[0] += 1
        for percent in kept:
            if failed:
                return
            left = {"nor": nor.copy(), "fram": fram.copy()}
            left[memory].mains = fake_memory.Mains(1, percent)
            try:
                getattr(left[memory], name)(*arguments)
            except fake_memory.PowerCut:
                pass
            left[memory].mains = fake_memory.Mains()
            try:
                look(left["nor"], left["fram"])
            except Exception as error:  # noqa: BLE001 - raised below
                print("write %d: %s.%s, %d %%" % (count[0], memory, name, percent))
                failed.append(error)

    nor.mains = fram.mains = fake_memory.Mains(on_write=on_write)
    act()
    nor.mains = fram.mains = fake_memory.Mains()
    if failed:
        raise failed[0]
    return count[0]
