"""One crisis: payoffs, equilibrium, what it is asked (model §2, §3, §5)."""

import jax

jax.config.update("jax_enable_x64", True)
