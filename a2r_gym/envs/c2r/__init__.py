"""Concept2Robot's tasks in PyBullet: a Panda arm on a table, in front of a camera that faces it.

The tasks are those of Concept2Robot (Shao, Migimatsu, Zhang, Yang and Bohg, RSS 2020), built anew: env = sim + robot +
task. Only `a2r_gym.envs.c2r.sim` imports pybullet; `a2r_gym.envs.c2r.tasks` can be imported without it.
"""
