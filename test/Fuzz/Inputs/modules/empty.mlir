// pipeline: builtin.module(gdpa-to-cpu{gradients=true})
module {}
