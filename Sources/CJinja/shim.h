// Only the search path of the engine's source matters, which CChatTemplate compiles.
