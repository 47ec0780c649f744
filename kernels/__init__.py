"""The kernel texts as package data: every formula of Verilane, read by the C build and by GPU
compilers.
"""
