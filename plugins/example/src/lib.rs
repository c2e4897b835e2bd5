//! An in-house pack and its own distribution: copy me.
