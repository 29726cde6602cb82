import os

from hypothesis import settings

# No deadline, since a busy machine is not a fault; the same examples in CI, so that a red run can be repeated.
settings.register_profile("labelmill", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("labelmill")
