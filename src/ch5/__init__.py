"""A recurrent network from its equations up. The way of one character:

    data        `text.Vocabulary` makes it an id, one of a window of ids
    networks    the cell's `drive` looks up its column of W_xh, `step` adds W_hh h and takes the tanh, the readout gives
                the next character's probabilities and the loss
    engine      `bptt` sends the loss's gradient back step by step and contracts it over time; `train` clips and updates
    analysis    asks how far that gradient reached, what the network remembers, and how its text compares
    experiments, book    record the long runs; draw them

Imports run one way: engine, networks and data, analysis, experiments, book.
"""
