"""The study: does reading stored copies train robust classifiers, and how many copies are enough?"""
