"""What faults of meters do, in Chinese; in English meter_faults says it itself."""

# By the English text of meter_faults: one name may say different things on different meters.
FAULTS_ZH = {
    "all registers stand still; counting goes on underneath": "全部寄存器停住不变；内部仍在计数",
    "measured values repeat to the last digit, totals count on": "测量值逐位重复不变，累计量照常计数",
    "the total jumps to just below its modulus and rolls over soon (once)": (
        "累计量跳到翻转点之前，随即翻转（一次）"
    ),
    "totals to 0 (once)": "累计量清零（一次）",
    "another meter in its place: another serial number, the total goes on elsewhere (once)": (
        "换成另一块表：表号不同，累计量从别处继续（一次）"
    ),
    "an oversized meter: nothing is shown or counted below its starting flow": (
        "口径过大：低于始动流量时不显示也不计数"
    ),
    "empty pipe: flow 0, the totals stop, the status says so if the meter can": (
        "空管：流量为 0，累计停止，能报警的表会报警"
    ),
    "no signal: flow 0, the totals stop, the status says so if the meter can": (
        "无信号：流量为 0，累计停止，能报警的表会报警"
    ),
    "mounted backwards: negative flow, the reverse total counts": "装反：流量为负，反向累计计数",
    "half-full pipe: the flow jumps, also with the pump off, and is counted": (
        "半管：流量跳动，停泵时也有，并计入累计"
    ),
    "the water goes around the meter": "水绕过水表",
    "a magnet on the meter: it shows and counts nothing, and reports nothing": (
        "磁铁干扰：不显示、不计数、不报警"
    ),
    "CT ratio set to twice the true one: current, power and energy too high": (
        "电流互感器变比设成两倍：电流、功率、电量偏高"
    ),
    "current transformers turned: negative power, the export register counts": (
        "电流互感器接反：功率为负，反向电量计数"
    ),
    "current transformers off: no current, no power, the energy stops": (
        "电流互感器断开：无电流、无功率，电量停止"
    ),
    "phase C has no voltage and no current, the others carry more": "C 相无电压无电流，其余两相电流增大",
    "the motor is fed past the meter: no current, no power, the energy stops": (
        "电机绕表用电：无电流、无功率，电量停止"
    ),
    "a magnet on the meter: no current, no power, the energy stops": "磁铁干扰：无电流、无功率，电量停止",
    "trip and close are answered as accepted, the contact never moves": "跳闸、合闸都应答成功，触点不动作",
    "valve commands are answered as accepted, the valve never moves": "阀控命令应答成功，阀门不动作",
    "the sensor is off: the mark for it, or 0 if the probe has none": (
        "传感器断线：给出断线标志，没有标志的为 0"
    ),
    "a silted probe: the level hardly moves, whatever the water does": (
        "探头淤堵：水位怎样变化，示值几乎不动"
    ),
    "the zero was set wrong: 3 m too much water": "零点设错：水位多出 3 米",
    "the probe is caught 8 m above its place: less water, or none": "探头卡在原位以上 8 米：示值偏少或为 0",
    "a loose contact: the level jumps by metres between readings": ("接触不良：示值忽高忽低，相差数米"),
    "hears nothing and says nothing": "收不到也不应答",
    "about every second answer has a wrong byte": "约半数应答含错误字节",
    "answers a second late": "应答晚一秒",
}


def of(lang: str, text: str) -> str:
    """What a fault does, in this language; `text` as in meter_faults."""
    return FAULTS_ZH.get(text, text) if lang == "zh" else text
