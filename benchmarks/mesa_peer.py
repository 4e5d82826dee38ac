"""A simpler year-step in Mesa: powers are agents, crises are played one by one; opinion and trade stand still."""

from __future__ import annotations

import mesa
import numpy as np

COVARIATE = {"severity": 0, "own_stake": 2, "trade": 5, "capacity": 8, "busy": 10, "opinion": 11}


class Power(mesa.Agent):
    """A power: its commitments, capacity and opinion, and its logit choice given what the others leave undone."""

    def __init__(self, model, index: int):
        super().__init__(model)
        self.index = index
        self.commitments = float(model.world.start.commitments[index])
        self.capacity = float(model.world.start.capacity[index])
        self.security = float(model.world.start.security[index])

    def face(self, crisis) -> None:
        """Levels and the offer of each option in this crisis."""
        w, b, g, i = self.model.world, self.model.draw, crisis.cell, self.index
        x = np.array(w.setting.covariates[g, i])
        x[COVARIATE["severity"]] = crisis.code - 0.5
        x[COVARIATE["busy"]] = np.log1p(self.commitments)
        x[COVARIATE["capacity"]] = (self.capacity - w.mean[8]) / w.scale[8]
        c, s = w.coefficients, w.setting
        self.stake = np.exp(c.stake_level[b] + c.stake_power[b, i] + x @ c.stake_slope[b])
        bound = w.yearly.commitment_cost[b] * self.commitments / np.exp(self.capacity - w.first_capacity[i])
        self.cost = np.exp(c.cost_level[b] + c.cost_power[b, i] + x @ c.cost_slope[b]) * (1 + bound)
        backlash = np.exp(c.backlash_level[b] + x @ c.backlash_slope[b])
        price = self.cost * s.cost_curve[s.rung[g, i]] * s.cost_share_at[g, i] + backlash * s.presence_at[g, i]
        price = price - c.rung_payoff[b][s.rung[g, i]]
        price = price + c.unasked[b] * s.unasked_at[g, i]
        self.offer = np.where(s.is_open[g, i], -price, -1e30)
        self.reach = np.exp(s.log_delivery[g, i]) * s.effort_at[g, i] / crisis.severity
        self.strategy = np.full(self.reach.shape, 1 / self.reach.size)

    def respond(self, crisis) -> float:
        """One best response to the others' strategies; returns how far it moved."""
        alignment = self.model.world.setting.alignment[crisis.cell, self.index]
        kappa = self.model.world.coefficients.kappa[self.model.draw]
        residual = 1.0
        for other in self.model.agents:
            if other is not self:
                residual *= other.strategy @ np.exp(-kappa * alignment[other.index] * other.reach)
        payoff = self.offer - self.stake * residual * np.exp(-self.reach)
        weight = np.exp(payoff - payoff.max())
        new = weight / weight.sum()
        moved = np.abs(new - self.strategy).max()
        self.strategy = new
        return moved

    def act(self, crisis) -> None:
        """Choose, and bear it."""
        option = self.model.rng.choice(self.strategy.size, p=self.strategy)
        self.rung = int(self.model.world.setting.rung[crisis.cell, self.index, option])
        self.commitments += self.rung >= 5
        self.security += float(self.model.world.influence[self.rung])

    def close_year(self) -> None:
        """Commitments and influence decay, capacity grows."""
        y, b = self.model.world.yearly, self.model.draw
        kept = 0.5 ** (1.0 / y.commitment_half_life[b])
        self.commitments *= kept
        self.security *= kept
        shock = self.model.world.shock[0] * self.model.rng.standard_normal()
        self.capacity += np.log1p(y.capacity_growth[b, self.index]) + shock


class Crisis:
    """A crisis drawn by the model."""

    def __init__(self, model, host: int):
        w, rng = model.world, model.rng
        kind = min(int((rng.random() >= w.type_levels[model.draw, host]).sum()), len(w.kind_of_type) - 1)
        request = min(int((rng.random() >= w.request_levels[kind]).sum()), w.request_levels.shape[1] - 1)
        kinds = len(w.setting.severity) // (w.request_levels.shape[1] * w.rates.shape[1])
        self.cell = (host * kinds + int(w.kind_of_type[kind])) * w.request_levels.shape[1] + request
        self.code = float(np.interp(rng.random(), np.linspace(0, 1, w.severities.shape[1]), w.severities[kind]))
        self.severity = float(np.exp(w.severity_index[0] + w.severity_index[1] * self.code))


class Theatre(mesa.Model):
    """One history."""

    def __init__(self, world, seed: int):
        super().__init__(rng=seed)
        self.world = world
        self.draw = int(self.rng.integers(len(world.rates)))
        for index in range(len(world.own_stake)):
            Power(self, index)
        self.datacollector = mesa.DataCollector(agent_reporters={"commitments": "commitments", "security": "security"})

    def step(self) -> None:
        """One year."""
        for host, rate in enumerate(self.world.rates[self.draw]):
            for _ in range(min(int(self.rng.poisson(rate)), 2)):
                self.play(Crisis(self, host))
        self.agents.do("close_year")
        self.datacollector.collect(self)

    def play(self, crisis: Crisis) -> None:
        """Solve the crisis by best responses, then let every power act."""
        self.agents.do("face", crisis)
        for _ in range(24):
            if max(self.agents.map("respond", crisis)) < 1e-5:
                break
        self.agents.do("act", crisis)

    def run(self, years: int) -> None:
        """Play so many years."""
        for _ in range(years):
            self.step()
