"""Pictures that answer questions, one file a picture: a module here with PICTURE is found, no more is needed."""

from devbench.reports.pictures.base import Drawing, Picture, all_pictures

__all__ = ["Drawing", "Picture", "all_pictures"]
