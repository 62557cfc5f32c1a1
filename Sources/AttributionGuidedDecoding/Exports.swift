// The engine's types appear in this library's interface: models, regions, rules, distributions, errors. One import brings
// them along, in this module's own files too.
@_exported import LaneEngine

@_exported import struct TensorGraph.RotaryEmbedding
@_exported import enum TensorGraph.TensorGraphError
