"""The table-top: a Sawyer, a drawer, a faucet, a mug and a coffee machine, in scenes that are data.

The environment that DVD (Chen, Nair, Finn 2021, arXiv 2103.16817) and the paper train and test in, composed anew from
the assets of the installed Meta-World. Import `a2r_gym.envs.tabletop.tasks` and `.scene` freely: they need no mujoco.
"""
