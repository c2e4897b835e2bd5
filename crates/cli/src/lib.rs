//! Arguments, configuration, progress, exit codes; a library, so that any distribution is a full CLI.
