import AttributionGuidedDecoding
import Metrics

/// What the server counts and times. The names are those of `/metrics`.
struct Telemetry: Sendable {
    private let factory: any MetricsFactory
    private let promptTokens, cachedTokens, completionTokens, guidedTokens, changedTokens, cancelled: Counter
    private let firstToken, nextToken: Metrics.Timer

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        promptTokens = Counter(label: "agd_prompt_tokens_total", factory: factory)
        cachedTokens = Counter(label: "agd_cached_prompt_tokens_total", factory: factory)
        completionTokens = Counter(label: "agd_completion_tokens_total", factory: factory)
        guidedTokens = Counter(label: "agd_guided_tokens_total", factory: factory)
        changedTokens = Counter(label: "agd_changed_tokens_total", factory: factory)
        cancelled = Counter(label: "agd_cancelled_requests_total", factory: factory)
        firstToken = Metrics.Timer(label: "agd_time_to_first_token_seconds", factory: factory)
        nextToken = Metrics.Timer(label: "agd_time_per_token_seconds", factory: factory)
    }

    func requestDone(path: String, status: Int, seconds: Double) {
        Counter(label: "agd_requests_total", dimensions: [("path", path), ("status", "\(status)")], factory: factory)
            .increment()
        Metrics.Timer(label: "agd_request_seconds", dimensions: [("path", path)], factory: factory).recordSeconds(
            seconds)
    }

    func requestCancelled() { cancelled.increment() }

    func read(promptTokens count: Int, cached: Int) {
        promptTokens.increment(by: count)
        cachedTokens.increment(by: cached)
    }

    func slots(busy: Int, waiting: Int) {
        Gauge(label: "agd_busy_slots", factory: factory).record(busy)
        Gauge(label: "agd_waiting_requests", factory: factory).record(waiting)
    }

    func beginAnswer() -> AnswerTiming { AnswerTiming(telemetry: self) }

    /// Times the tokens of one answer.
    struct AnswerTiming {
        fileprivate let telemetry: Telemetry
        private let clock = ContinuousClock()
        private var last = ContinuousClock.now
        private var isFirst = true

        fileprivate init(telemetry: Telemetry) { self.telemetry = telemetry }

        mutating func token(_ step: GenerationStep) {
            let now = clock.now
            (isFirst ? telemetry.firstToken : telemetry.nextToken).recordSeconds((now - last) / .seconds(1))
            (isFirst, last) = (false, now)
            telemetry.completionTokens.increment()
            if step.choice.guided { telemetry.guidedTokens.increment() }
            if step.changedByGuidance { telemetry.changedTokens.increment() }
        }
    }
}
