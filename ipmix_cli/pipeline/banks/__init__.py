"""The mixing pictures: banks of them are made, judged, opened, and shared between workers."""
