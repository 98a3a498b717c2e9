"""For trials: what fails is enough; nobody reads the smallest example of a guard that was taken away."""

from hypothesis import Phase, settings

settings.register_profile("unshrunk", phases=(Phase.explicit, Phase.generate), database=None)
settings.load_profile("unshrunk")
