"""Training: the recipe, loss, batches, distributed gradients, and resumable run folders.

Import from here: `trainer.Trainer`, `run.Run`, `distributed`.
"""
