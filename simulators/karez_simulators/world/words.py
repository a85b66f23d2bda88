"""The sentences of a story, in English and Chinese: data, not code."""

# ruff: noqa: E501 - a sentence and its translation side by side

from __future__ import annotations

import datetime as dt

from karez_protocols import cause_words_zh, causes

LANGUAGES = ("en", "zh")
SENTENCES = {
    "power_on": ("the controller starts, for the {boots}. time", "控制器第{boots}次上电"),
    "cut_in_write": ("the mains go in the middle of a write", "写存储时断电"),
    "grid_out": ("the grid is out for {minutes} min", "电网停电 {minutes} 分钟"),
    "grid_back": ("the grid is back", "电网来电"),
    "pressed": ("the farmer presses {button}", "农户按下 {button}"),
    "started": ("the pump starts, W {volume_l} L", "水泵启动，W {volume_l} L"),
    "stopped": ("the pump stops after {litres} L: {cause}", "水泵停止，取水 {litres} L：{cause}"),
    "refused": ("the start is refused: {cause}", "启动被拒绝：{cause}"),
    "event": ("the controller records: {cause}", "控制器记录：{cause}"),
    "granted": ("the office grants up to {ceiling_l} L (grant {seq})", "主管部门授水至 {ceiling_l} L（第 {seq} 号）"),
    "grant_in_force": ("grant {seq} is in force, up to {ceiling_l} L", "第 {seq} 号授水生效，至 {ceiling_l} L"),
    "ordered": ("office {office} orders: {kind}", "第 {office} 号机关下令：{kind}"),
    "key_stolen": ("the bureau's key is stolen; list {seq} names its successor", "机关密钥被盗，第 {seq} 号名单载明新密钥"),
    "stolen_key": ("somebody orders with the stolen key: {kind}", "有人用被盗密钥下令：{kind}"),
    "not_brought": ("the gateway does not take it: {why}", "网关不接收：{why}"),
    "radio_out": ("no network for {hours} h", "断网 {hours} 小时"),
    "radio_back": ("the network is back, {waiting} records wait", "网络恢复，待传 {waiting} 条"),
    "radio_bad": ("the network loses {lost} and doubles {doubled} of a thousand", "网络丢 {lost}‰、重 {doubled}‰"),
    "radio_good": ("the network is well again", "网络正常"),
    "gateway_killed": ("the gateway is killed: {phase}", "网关进程被杀：{phase}"),
    "gateway_restored": ("the gateway is put back by {hours} h from a backup, under a new origin", "网关由 {hours} 小时前的备份恢复，启用新日志"),
    "box_dead": ("the box is dead", "控制器损坏"),
    "box_swapped": ("a spare takes its place, W {volume_l} L on record", "更换备机，已核 W {volume_l} L"),
    "gateway_back": ("the gateway is back; its log lacked {healed} entries", "网关恢复，日志补 {healed} 条"),
    "platform_down": ("platform {name} is {manner} for {hours} h", "平台 {name} {manner}，{hours} 小时"),
    "platform_up": ("platform {name} is polite again", "平台 {name} 恢复正常"),
    "meter_silent": ("the {meter} meter is silent for {minutes} min", "{meter} 表无应答 {minutes} 分钟"),
    "meter_wild": ("the {meter} meter answers {litres} too much, {times} times", "{meter} 表错报多 {litres}，{times} 次"),
    "meter_back": ("the {meter} meter answers as before", "{meter} 表恢复"),
    "meter_reset": ("the water meter begins again at 0", "水表归零"),
    "meter_rolled": ("the water meter stands right below its rollover", "水表临近翻转"),
    "meter_swapped": ("a technician puts on another meter: {closing} to {opening}", "技术员换表：{closing} 换 {opening}"),
    "magnet_on": ("a magnet on the water meter for {minutes} min", "水表加磁铁 {minutes} 分钟"),
    "magnet_off": ("the magnet is gone", "磁铁取走"),
    "bypass_on": ("{percent} % of the water go around the meter", "{percent}% 的水绕过水表"),
    "bypass_off": ("the bypass is shut", "旁通关闭"),
    "ct_off": ("the power meter's transformers are off for {minutes} min", "电表互感器被摘 {minutes} 分钟"),
    "ct_on": ("the transformers are on again", "互感器复位"),
    "welded": ("the contactor welds", "接触器触点粘连"),
    "contactor_renewed": ("the contactor is replaced", "更换接触器"),
    "bridged": ("somebody feeds the motor past the contactor for {minutes} min", "绕过接触器供电 {minutes} 分钟"),
    "bridge_gone": ("the bridge is gone", "旁路拆除"),
    "replayed": ("somebody sends grant {seq} once more", "有人重放第 {seq} 号授水"),
    "forged": ("somebody sends a grant that no office signed", "有人发送伪造授水"),
    "clock_turned": ("somebody turns the clock by {hours} h", "有人把时钟拨 {hours} 小时"),
    "fram_dead": ("the FRAM {manner}", "FRAM {manner}"),
    "fram_well": ("the FRAM is well again; the box tries it at its next start", "FRAM 恢复，下次上电再试"),
    "fram_forgot": ("the box is off for a moment, and its FRAM has forgotten everything", "短时断电，FRAM 内容全失"),
    "rot": ("a bit of the flash turns over in record {seq}", "第 {seq} 条记录闪存一位翻转"),
    "restored": ("somebody puts yesterday's flash image back", "有人写回旧闪存镜像"),
    "door": ("somebody opens the box", "有人打开箱门"),
    "pull_out": ("mains off and on {times} times, {seconds} s each", "断送电 {times} 次，每次 {seconds} 秒"),
    "bundle": ("{records} records are proved to {litres} L", "核验 {records} 条，{litres} L"),
    "verdict": ("the altered bundle is rejected: {how}", "篡改的证据包被拒：{how}"),
    "quiesced": ("all is put right, to see what the books say", "全部恢复正常，核对账目"),
    "violated": ("BROKEN {invariant}: {what}", "违反 {invariant}：{what}"),
}  # fmt: skip

# What is filled in, where it is a word and no number.
CHINESE = {words: cause_words_zh.name(number) for number, words in causes.every()} | {
    "start": "启动",
    "stop": "停止",
    "seal": "封停",
    "lift": "解除",
    "water": "水",
    "energy": "电",
    "rude": "乱答",
    "down": "停机",
    "polite": "正常",
    "takes nothing": "写不进",
    "does not answer": "无应答",
    "dropped": "删去一条",
    "changed": "改动一条",
    "county": "县",
    "province": "省",
}


def _in(lang: str, value: object) -> object:
    return CHINESE.get(value, value) if lang == "zh" and isinstance(value, str) else value


def line(lang: str, utc_s: int, site: str, key: str, values: dict[str, object]) -> str:
    """One line: time (UTC), site, sentence."""
    text = SENTENCES[key][LANGUAGES.index(lang)].format(
        **{name: _in(lang, value) for name, value in values.items()}
    )
    return f"{dt.datetime.fromtimestamp(utc_s, dt.UTC):%m-%d %H:%M:%S}  {site:<8}  {text}"
