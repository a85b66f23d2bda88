"""What faults of a well's parts do, in Chinese; in English physics/well_faults says it itself."""

PARTS_ZH = {
    "the water has fallen to the pump's intake: no flow, the motor idles": (
        "水位降到泵的吸水口：无水，电机空转"
    ),
    "worn wear rings: a fifth of the head is lost, the motor takes what it took": (
        "口环磨损：扬程少五分之一，用电不变"
    ),
    "slugs of sand: the flow comes and goes, and the pump wears": "一股股出沙：流量忽大忽小，泵在磨损",
    "air in the water: a third of the flow is lost and the rest jumps; meters count the air": (
        "水中带气：水量少三分之一，其余忽大忽小；水表把气也计入"
    ),
    "phase C is gone: a running motor draws more, one at rest hums and stands": (
        "缺 C 相：运行的电机继续转、电流增大，停着的嗡响而不转"
    ),
    "the voltage falls to 72 %: the pump runs slower and draws more current": (
        "电压降到 72 %：泵转得慢，电流增大"
    ),
    "the voltage falls to 45 %: the contactor lets go until it is back": (
        "电压降到 45 %：接触器释放，直到恢复"
    ),
    "the main contacts weld: once closed they do not open": "主触点粘连：闭合后不再断开",
    "somebody bridges the contactor: the pump runs whatever the controller says": (
        "有人短接接触器：不管控制器怎样，水泵照转"
    ),
    "the breaker in front of the contactor is open: the motor has no voltage": (
        "接触器前的断路器断开：电机无电压"
    ),
    "somebody closed the valve of the pipe: the pump churns and gives nothing": (
        "有人关了管道阀门：泵空搅而不出水"
    ),
}


def of(lang: str, text: str) -> str:
    """What a fault does, in this language; `text` as in well_faults."""
    return PARTS_ZH.get(text, text) if lang == "zh" else text
