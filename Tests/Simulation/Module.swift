// Seeded runs of the whole engine.
