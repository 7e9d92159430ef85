// A transform script for attention among other operations, such as attention-block.mlir:
//
//   gdpa-opt attention-block.mlir --transform-preload-library=transform-library-paths=tile-fuse-split.mlir --transform-interpreter --canonicalize --cse
//
// The block runs in tiles of 16 rows of one batch entry, with everything from the projection of the queries to the residual inside: no
// intermediate tensor is larger than a tile. Inside, rows go through the keys 32 at a time, and what is left of gdpa becomes linalg.

module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    // What upstream's match by name does not tell apart.
    %attention = transform.gdpa.match_attention in %root {layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<softmax>, masked = true}
        : (!transform.any_op) -> !transform.any_op
    // A schedule for our own back ends; it stays with the operation that is tiled, until its keys are split.
    transform.gdpa.set_schedule #gdpa_cpu.schedule<block_q = 16, block_kv = 32> on %attention : !transform.any_op

    // The last consumer is tiled; its producers follow into the loop, the nearest first.
    %back = transform.structured.match attributes {project_back} in %root : (!transform.any_op) -> !transform.any_op
    %gate = transform.structured.match attributes {gate} in %root : (!transform.any_op) -> !transform.any_op
    %queries = transform.structured.match attributes {project_queries} in %root : (!transform.any_op) -> !transform.any_op
    %tile, %rows = transform.structured.tile_using_forall %back tile_sizes [1, 16]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %gate_tile, %rows1 = transform.structured.fuse_into_containing_op %gate into %rows
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %attention_tile, %rows2 = transform.structured.fuse_into_containing_op %attention into %rows1
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %queries_tile, %rows3 = transform.structured.fuse_into_containing_op %queries into %rows2
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)

    // Online: one state of the rows goes through the keys.
    %partial, %merge = transform.gdpa.split_keys %attention_tile : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %keys_tile, %keys = transform.structured.tile_using_for %partial tile_sizes [0, 0, 0, 0, 32]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)

    // For a compiler without our back ends.
    transform.gdpa.decompose %keys_tile : !transform.any_op
    transform.gdpa.decompose %merge : !transform.any_op
    transform.yield
  }
}
