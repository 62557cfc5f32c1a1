/// A way of decoding, with the settings that it has and no others: what decides, beside model, prompt and regions, what comes out.
///
/// What a method is called, and what can be set, is told by its settings' ``DecodingMethod/Kind``; command lines, requests and run
/// files read and write all of them by that. A new method is a case, with its entry in ``kinds`` and in `settings`.
public enum DecodingMethod: Sendable, Hashable {
    /// The most probable token.
    case greedy
    /// A draw; see ``Sampling``.
    case sample(Sampling.Options)
    /// Attribution-guided decoding; see ``AttributionGuided``.
    case guided(AttributionGuided.Settings)
    /// The same by one backward pass for each candidate, as the paper does; see ``ReverseGuided``.
    case reverseGuided(ReverseGuided.Settings)
    /// Scores weighed against the model's probabilities; see ``BlendedGuidance``.
    case blended(BlendedGuidance.Settings)
    /// Guidance among what ``ContextAware`` proposes; see ``ProposalGuided``.
    case contrastGuided(ProposalGuided<ContextAware>.Settings)
    /// Guidance among what ``AttentionBoost`` proposes.
    case boostGuided(ProposalGuided<AttentionBoost>.Settings)
    /// Guidance among what ``InstructionHierarchy`` proposes.
    case hierarchyGuided(ProposalGuided<InstructionHierarchy>.Settings)
    /// Context-aware decoding, which takes away what the model would say without the region; see ``ContextAware``.
    case contextAware(ContextAware.Settings)
    /// AdaCAD, which takes away as much as the region changes; see ``AdaptiveContextAware``.
    case adaptiveContextAware(AdaptiveContextAware.Settings)
    /// CoCoA; see ``ConfidenceContextAware``.
    case confidenceContextAware(ConfidenceContextAware.Settings)
    /// What the system message changes, amplified; see ``SystemPromptStrength``.
    case promptStrength(SystemPromptStrength.Settings)
    /// InstABoost, which multiplies the region's attention weights; see ``AttentionBoost``.
    case attentionBoost(AttentionBoost.Settings)
    /// IHDec, which corrects roles that outweigh those above them; see ``InstructionHierarchy``.
    case instructionHierarchy(InstructionHierarchy.Settings)
    /// A control vector, added to the residual stream; see ``ControlVector``.
    case controlVector(ControlVector.Settings)
    /// DIRECTER, which scales the region's keys as far as the token stays plausible; see ``DynamicKeyScaling``.
    case dynamicKeyScaling(DynamicKeyScaling.Settings)
    /// DoLa; see ``LayerContrast``.
    case layerContrast(LayerContrast.Settings)
    /// Guidance in words: the region is emphasised in the prompt (see ``RegionEdit/importance``), which is decoded greedily.
    case regionPrompt
    /// The control: a likely token for no reason; see ``UnguidedCandidate``.
    case unguidedCandidate(UnguidedCandidate.Settings)

    /// All methods, by what command lines, requests and run files call them.
    public static let kinds: [Kind] = [
        .greedy, .sample, .guided, Kind(reverseGuided), Kind(blended), Kind(contrastGuided), Kind(boostGuided),
        Kind(hierarchyGuided), Kind(contextAware), Kind(adaptiveContextAware), Kind(confidenceContextAware),
        Kind(promptStrength), Kind(attentionBoost), Kind(instructionHierarchy), Kind(dynamicKeyScaling),
        Kind(controlVector), Kind(layerContrast),
        Kind { (_: RegionPrompt) in .regionPrompt }, Kind(unguidedCandidate),
    ]

    var settings: any DecodingSettings {
        switch self {
        case .greedy: Greedy.Settings()
        case .sample(let settings): settings
        case .guided(let settings): settings
        case .reverseGuided(let settings): settings
        case .blended(let settings): settings
        case .contrastGuided(let settings): settings
        case .boostGuided(let settings): settings
        case .hierarchyGuided(let settings): settings
        case .contextAware(let settings): settings
        case .adaptiveContextAware(let settings): settings
        case .confidenceContextAware(let settings): settings
        case .promptStrength(let settings): settings
        case .attentionBoost(let settings): settings
        case .instructionHierarchy(let settings): settings
        case .controlVector(let settings): settings
        case .dynamicKeyScaling(let settings): settings
        case .layerContrast(let settings): settings
        case .regionPrompt: RegionPrompt()
        case .unguidedCandidate(let settings): settings
        }
    }
}

extension DecodingMethod {
    /// What command lines, requests, outputs and run files call the method.
    public var name: String { type(of: settings).name }

    /// Whether the method does something about a region, so that there has to be one.
    public var needsRegion: Bool { settings.needsRegion }

    /// How attribution guides; nil for methods that don't ask for it.
    public var guidance: Guidance? { (settings as? any GuidedSettings)?.guidance }

    /// Candidates that a step reports at most.
    public var candidateCount: Int { settings.candidateCount }

    /// A short name for tables, such as `agd excess, tau 1.2`: what differs from the standard.
    public var label: String { settings.label }

    /// What is to be decoded, and by which strategy: methods that guide by words have a prompt of their own.
    ///
    /// - Parameters:
    ///   - marked: a prompt and the region in it.
    ///   - model: the model that generates.
    ///   - reverse: options of backward passes, for `agd-reverse`.
    /// - Throws: ``DecodingOptionError`` for a setting out of its range, for a method that needs a region where there is none,
    ///   and for layers that the model lacks; ``RegionError`` for a region that can't be edited; ``PromptError`` for what is left
    ///   of the prompt when it is.
    public func decoding(
        of marked: MarkedPrompt, with model: LanguageModel, reverse: ReverseAttribution.Options = .init()
    ) throws -> (prompt: Prompt, strategy: any DecodingStrategy) {
        if needsRegion, marked.specifications.isEmpty { throw DecodingOptionError.needsRegion(method: name) }
        try settings.check()
        return (
            try settings.prompt(for: marked, model), try settings.strategy(for: marked, model, reverse: reverse)
        )
    }
}
