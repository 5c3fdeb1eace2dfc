"""DICOM: from a folder of files to volumes that lie in the patient, and to clips.

The way of the data: ``scan`` finds the files, ``header`` and ``planes`` read what each says, ``groups``
and ``splitting`` find the images of a series that belong together, ``stacking`` puts them in order and
checks that they form a regular grid, ``dynamic`` joins time points that came as series of their own,
``volumes`` and ``clips`` read the pixels. ``reader`` holds the thread.
"""
