"""What `karez bench wells` says, in English and Chinese; figures keep their names, a program reads them."""

WELLS = {
    "en": {
        "stand": "wells stand",
        "stopped": "stopped; nothing is left running",
        "none": "none",
        "wells": "controllers that pumped at once",
        "simulated_s": "seconds that passed for them",
        "real_s": "seconds that passed here",
        "bench_processor_s": "seconds of one processor that this program took",
        "late_ms_p50": "ms that control was late, half of all beats at most",
        "late_ms_p99": "ms that control was late, 99 % of all beats at most",
        "late_ms_max": "ms that control was late, the worst beat",
        "beats": "beats of control that were timed",
        "litres": "litres in the controllers' books",
        "litres_off": "litres by which books and meters differ: 0 is right",
    },
    "zh": {
        "stand": "眼井已就绪",
        "stopped": "已停止，没有遗留运行中的程序",
        "none": "无",
        "wells": "同时抽水的控制器数",
        "simulated_s": "模拟经过的秒数",
        "real_s": "实际经过的秒数",
        "bench_processor_s": "本程序占用单个处理器的秒数",
        "late_ms_p50": "控制延迟毫秒数，半数不超过",
        "late_ms_p99": "控制延迟毫秒数，99% 不超过",
        "late_ms_max": "控制延迟毫秒数，最大值",
        "beats": "计时的控制节拍数",
        "litres": "控制器账面升数",
        "litres_off": "账面与水表相差升数，应为 0",
    },
}
