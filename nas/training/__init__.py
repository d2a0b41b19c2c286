"""Training: recipe, loss, batches, distributed gradients, and the folders of resumable runs.

Start at `recipe` (optimiser, learning rate) and `trainer.Trainer`. Everything may be imported from
outside but `state` and `batch_norm`, which serve `run` and `trainer`.
"""
