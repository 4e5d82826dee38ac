"use strict";
// The what-if of a crisis, solved where the page is read: the games of buckpass.game from the page's own data, no network.
// The names are those of docs/notation.md. Everything that comes from the case is text: it is never parsed as markup.

const buckpassWhatIf = (() => {
  const PRICES = ["stake", "cost", "backlash", "influence", "norm"];
  const RULES = ["lead", "keys", "majority", "consensus"];
  const SLOPED = ["stake", "cost", "backlash", "influence"];
  const ROUNDING = 1e-12; // below the solver's tolerance nothing has moved
  const LONGEST_LINK = 2000, MOST_CHANGES = 40;
  const STOPS = 25, HALVINGS = 20, HALF = 0.5; // of a search for where an answer turns

  class Unusable extends Error {}
  class Unknown extends Unusable {} // to the page, perhaps not to `buckpass`
  class Elsewhere extends Unusable {} // in `buckpass whatif`, not on the page

  // --- data ------------------------------------------------------------------------------------------------------

  function numbers(base64, count) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    const width = bytes.length === 4 * count ? Float32Array : Float64Array; // little-endian, as every browser's machine is
    return Float64Array.from(new width(bytes.buffer));
  }

  function unpack(data) {
    const powers = data.powers.length, vehicles = data.vehicles.length;
    const off = { stake_level: 0, cost_level: 0, backlash_level: -Infinity, influence_level: -Infinity };
    const width = {
      stake_power: powers, cost_power: powers, norm: powers, rung_payoff: data.rungs.count,
      vehicle_price: powers * vehicles, crisis_effect: data.crises.length,
    };
    for (const one of [...SLOPED, "deployment"]) width[one + "_slope"] = data.sloped[one + "_slope"].length;
    const names = ["stake_level", "stake_power", "cost_level", "cost_power", "backlash_level", "influence_level", "norm",
      "unasked", "rung_payoff", "kappa", "kappa_rivals", "vehicle_price", "crisis_effect",
      ...[...SLOPED, "deployment"].map((one) => one + "_slope")];
    const draws = {};
    for (const name of names) {
      const packed = data.coefficients[name], size = width[name] ?? 1;
      draws[name] = packed ? numbers(packed, data.draws * size) : new Float64Array(data.draws * size).fill(off[name] || 0);
      if (draws[name].length !== data.draws * size) throw new Error(name + " has another size than its draws");
    }
    const through = data.rungs.through === null ? [] : data.vehicles.map(() => data.rungs.through);
    const bodies = Object.keys(data.organisations);
    const crises = data.crises.map((one) => ({ ...one, there: one.there.map((k) => bodies[k]) }));
    return { ...data, crises, draw: draws, width, rung: [...data.rungs.plain, ...through], plain: data.rungs.plain.length,
      column: Object.fromEntries(data.columns.map((name, k) => [name, k])) };
  }

  // --- what is changed -------------------------------------------------------------------------------------------

  const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?$/;

  function numeric(text, low, high) {
    if (!NUMBER.test(text)) throw new Unusable("not a number");
    const value = Number(text);
    if (!(value >= low && value <= high)) throw new Unusable(`outside ${low} to ${high}`);
    return value;
  }

  function priced(text, low, high, takesValue = true) {
    const isFactor = /[x×]$/.test(text), plain = isFactor ? text.slice(0, -1).trim() : text;
    if (!isFactor && !takesValue) throw new Elsewhere("takes a factor on this page, such as 0.5x; use `buckpass whatif` for a number");
    return { value: numeric(plain, isFactor ? 0 : low, isFactor ? 1000 : high), isFactor };
  }

  function within(list, name, what) {
    const at = list.indexOf(name);
    if (at < 0) throw new Unusable(what);
    return at;
  }

  function listed(text) {
    return [...new Set(text.split(",").map((part) => part.trim()).filter((part) => part))];
  }

  // One change from PATH=VALUE, checked against the case and the crisis; throws Unusable.
  function readChange(model, crisis, text) {
    const cut = text.indexOf("=");
    if (cut < 1) throw new Unusable("no PATH=VALUE");
    const path = pathOf(text), value = text.slice(cut + 1).trim();
    try {
      return { path, text: `${path}=${value}`, ...meaningOf(model, crisis, path, value) };
    } catch (error) {
      const verb = error instanceof Unknown && verbOf(model, path);
      if (!verb) throw error;
      throw new (verb === "whatif" ? Elsewhere : Unusable)(`not on this page; use \`buckpass ${verb}\``);
    }
  }

  function pathOf(text) {
    return text.split("=")[0].trim();
  }

  function partsOf(path) {
    const dot = path.indexOf("."), [attribute, target = ""] = path.slice(dot + 1).split("@");
    return [path.slice(0, Math.max(dot, 0)), attribute, target];
  }

  // The verb that makes a change of the catalogue of paths (changes/paths.toml); undefined where it has no such path.
  function verbOf(model, path) {
    const ids = { POWER: model.powers, HOST: model.hosts, ORGANISATION: Object.keys(model.organisations) };
    const [subject, , target] = partsOf(path);
    const fits = (form) => {
      const [kind, told, towards] = form.split(/[<>]/).filter((part) => part); // of <POWER>.opinion@<HOST>
      if (form[0] !== "<") return form === path;
      return ids[kind].includes(subject) && (towards ? ids[towards].includes(target) && subject !== target : true)
        && path === subject + told + (towards ? target : "");
    };
    return Object.keys(model.paths).find((verb) => model.paths[verb].some(fits));
  }

  // The change that another one rests on, among those of `buckpass whatif` that this page does not make.
  function footingOf(model, text, away) {
    const path = pathOf(text), [subject, attribute, target] = partsOf(path);
    const named = path === "request" ? listed(text.slice(text.indexOf("=") + 1)) : [];
    return away.find((other) => {
      const of = partsOf(other)[0];
      if (named.includes(of)) return Object.hasOwn(model.organisations, of);
      return attribute === "force" ? of && [subject, target].includes(of) : of === subject && Object.hasOwn(model.organisations, of);
    });
  }

  function meaningOf(model, crisis, path, value) {
    if (path.endsWith("@") || path.split("@").length > 2) throw new Unknown("unknown here");
    if (path === "severity") return { kind: "severity", ...priced(value, 0, 1) };
    if (path === "request") return { kind: "request", ids: asked(model, crisis, value) };
    if (path === "absent") return { kind: "absent", ids: gone(model, value) };
    const [subject, attribute, target] = partsOf(path);
    const vehicle = model.vehicles.findIndex((one) => one.id === subject);
    if (vehicle >= 0) return ofOrganisation(model, crisis, vehicle, attribute, target, value);
    if (attribute === "alignment") return aligned(model, crisis, subject, target, value);
    const power = model.powers.indexOf(subject);
    if (power < 0) throw new Unknown("unknown here");
    if (PRICES.includes(attribute) && !target) return { kind: "price", power, price: attribute, ...priced(value, 0, 100) };
    if (attribute === "capacity" && !target) {
      const found = priced(value, 0, 1000, false);
      if (!(found.value > 0)) throw new Unusable("a capacity of 0 has no logarithm");
      return { kind: "capacity", power, ...found };
    }
    if (attribute === "opinion") return opined(model, crisis, power, target, value);
    if (attribute === "force") return forced(model, crisis, power, target, value);
    throw new Unknown("unknown here");
  }

  function asked(model, crisis, value) {
    const ids = value === "nobody" ? [] : listed(value);
    for (const id of ids) {
      if (model.powers.includes(id)) continue;
      if (!Object.hasOwn(model.organisations, id)) throw new Unusable(`${id} cannot be asked here`);
      exists(model, crisis, id);
    }
    if (!ids.length && value !== "nobody") throw new Unusable("names nobody");
    return ids;
  }

  function exists(model, crisis, id) {
    if (!crisis.there.includes(id)) throw new Unusable(`${id} existed ${model.existed[id]}, not when ${crisis.id} began`);
  }

  function gone(model, value) {
    const ids = listed(value);
    for (const id of ids) within(model.powers, id, `${id} is no power`);
    if (!ids.length) throw new Unusable("names nobody");
    if (ids.length === model.powers.length) throw new Unusable("leaves no power in the game");
    return ids;
  }

  function ofOrganisation(model, crisis, vehicle, attribute, target, value) {
    const one = model.vehicles[vehicle];
    if (target) throw new Unknown("unknown here");
    if (attribute === "consent") {
      exists(model, crisis, one.id);
      within(RULES, value, "is no rule");
      if (value === "lead" && !one.has_lead) throw new Unusable("has no lead");
      if (value === "keys" && !one.has_keys) throw new Unusable("names no members that hold a key");
      return { kind: "consent", vehicle, rule: value };
    }
    if (attribute !== "legitimacy" && attribute !== "cost_share") throw new Unknown("unknown here");
    exists(model, crisis, one.id);
    const found = priced(value, 0, 1), now = found.isFactor ? one[attribute] * found.value : found.value;
    if (now > 1) throw new Unusable("outside 0 to 1");
    return { kind: "share", vehicle, share: attribute, now, isFactor: found.isFactor };
  }

  function aligned(model, crisis, subject, target, value) {
    const to = model.powers.indexOf(target), of = model.powers.indexOf(subject), host = crisis.hosts.indexOf(subject);
    if (to < 0 || subject === target || (of < 0 && !model.hosts.includes(subject))) throw new Unknown("unknown here");
    if (of < 0 && host < 0) throw new Unusable("is not the host");
    const now = numeric(value, -1, 1);
    return { kind: "alignment", of, host, to, now };
  }

  function opined(model, crisis, power, host, value) {
    within(crisis.hosts, host, "is not the host");
    if (model.powers[power] === host) throw new Unusable("unknown here");
    const by = numeric(value, -1, 1), known = crisis.opinion[power];
    const share = 1 / (1 + Math.exp(-(known === null ? model.standard.opinion[0] : known))), after = share + by;
    if (known !== null && !(after >= 0 && after <= 1)) throw new Unusable("the unfavourable share would be outside 0 to 1");
    const counts = crisis.hosts[crisis.opinion_in[power]] === host; // one host's public stands for all
    return { kind: "opinion", power, by, shift: counts ? logOdds(model, after) - logOdds(model, share) : 0 };
  }

  function forced(model, crisis, power, organisation, value) {
    if (!playsIn(crisis, power)) throw new Unusable(`${model.powers[power]} does not play here`);
    if (!/^\d{1,3}$/.test(value)) throw new Unusable("is no rung");
    const rung = Number(value), through = model.rungs.through;
    if (rung >= model.rungs.count || (rung === through && !model.vehicles.length)) throw new Unusable("is no rung");
    if (!organisation) return { kind: "force", power, rung, option: -1 };
    const vehicle = model.vehicles.findIndex((one) => one.id === organisation);
    if (vehicle < 0 || rung !== through) throw new Unusable("is no vehicle of a deployment");
    exists(model, crisis, organisation);
    if (!crisis.members[vehicle].includes(power)) throw new Unusable(`${model.powers[power]} was no member of ${organisation}`);
    return { kind: "force", power, rung: -1, option: model.plain + vehicle };
  }

  // A host and a belligerent have only silence open.
  function playsIn(crisis, power) {
    return crisis.open[power].filter((is) => is).length > 1;
  }

  // The changes that can be made, in words which are not, and whether all are made but those to who is absent.
  function readChanges(model, crisis, texts) {
    const changes = [], problems = [], elsewhere = texts.filter((text) => isElsewhere(model, crisis, text)).map(pathOf);
    for (const text of texts) {
      try {
        const footing = elsewhere.includes(pathOf(text)) ? undefined : footingOf(model, text, elsewhere);
        if (footing) throw new Unusable(`rests on ${footing}, which is not on this page; use \`buckpass whatif\``);
        const change = readChange(model, crisis, text), before = changes.find((one) => one.path === change.path);
        if (before && meaning(before) === meaning(change)) continue;
        if (before || changes.some((one) => clashes(one, change))) throw new Unusable("contradicts an earlier change");
        changes.push(change);
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        problems.push(`${text.slice(0, 80)}: ${error.message}`);
      }
    }
    const isMade = !problems.length, away = new Set(changes.filter((one) => one.kind === "absent").flatMap((one) => one.ids));
    const asks = (id) => (Object.hasOwn(model.leads, id) ? [id, model.powers[model.leads[id]]] : [id]);
    const names = (one) => [one.path.split(".")[0], one.path.split("@")[1], ...(one.kind === "request" ? one.ids.flatMap(asks) : [])];
    const kept = changes.filter((one) => one.kind === "absent" || !names(one).some((name) => away.has(name)));
    for (const one of changes) if (!kept.includes(one)) problems.push(`${one.text}: who is meant is absent`);
    return { changes: kept, problems, isMade };
  }

  function isElsewhere(model, crisis, text) {
    try {
      return !readChange(model, crisis, text);
    } catch (error) {
      return error instanceof Elsewhere;
    }
  }

  // Values and not their texts: 0.9 is 0.90.
  function meaning(change) {
    return JSON.stringify({ ...change, text: "", ids: change.ids && [...change.ids].sort() });
  }

  function clashes(one, other) {
    return one.kind === "force" && other.kind === "force" && one.power === other.power;
  }

  // --- what a crisis finds ---------------------------------------------------------------------------------------

  function logOdds(model, share) {
    const [least, most] = model.shares_within, bounded = Math.min(Math.max(share, least), most);
    return Math.log(bounded / (1 - bounded));
  }

  // The given side of a crisis after the changes: covariates, alignments, and every option's attributes.
  function settingOf(model, crisis, changes) {
    const of = (kind) => changes.filter((one) => one.kind === kind);
    const alignment = crisis.alignment.map((row) => [...row]);
    const hosts = crisis.host_alignment.map((row) => [...row]);
    for (const one of of("alignment")) {
      if (one.of >= 0) alignment[one.of][one.to] = one.now;
      crisis.hosts.forEach((_, h) => {
        if (h === one.host || (one.of >= 0 && crisis.host_power[h] === one.of)) hosts[h][one.to] = one.now;
      });
    }
    const hostAlignment = model.powers.map((_, p) => hosts.reduce((sum, row) => sum + row[p], 0) / hosts.length);
    const severity = of("severity").reduce((code, one) => (one.isFactor ? code * one.value : one.value), crisis.severity);
    if (severity > 1) throw new Unusable("severity is outside 0 to 1");
    const request = of("request").length ? of("request")[0].ids : crisis.asked;
    const logDelivery = [...crisis.log_delivery];
    const x = covariatesOf(model, crisis, changes, { alignment, severity, request, logDelivery });
    const { base, slope } = { base: model.parameters["severity.base"], slope: model.parameters["severity.slope"] };
    return { x, alignment, hostAlignment, severity: Math.exp(base + slope * severity), delivery: logDelivery.map(Math.exp),
      ...optionsOf(model, crisis, changes, hostAlignment, request) };
  }

  function isAsked(model, power, request) {
    return request.includes(model.powers[power]) || request.some((id) => Object.hasOwn(model.leads, id) && model.leads[id] === power);
  }

  function covariatesOf(model, crisis, changes, now) {
    const x = crisis.x.map((row) => [...row]), at = model.column, shift = model.powers.map(() => 0);
    for (const one of changes) {
      if (one.kind === "capacity") {
        shift[one.power] += Math.log(one.value);
        x[one.power][at.capacity] += shift[one.power] / model.standard.capacity[1];
        now.logDelivery[one.power] += model.parameters["delivery.capacity"] * shift[one.power];
      }
      if (one.kind === "opinion") x[one.power][at.opinion] += one.shift / model.standard.opinion[1];
    }
    model.powers.forEach((_, p) => {
      const asked = Number(isAsked(model, p, now.request)), row = x[p];
      row[at.severity] = now.severity - 0.5;
      row[at.asked] = asked;
      row[at.treaty_asked] = crisis.treaty[p] ? asked : 0;
      row[at.rivalry] = Number(now.alignment[p].some((value, q) => q !== p && value < 0));
      row[at.rival_pressure] = pressure(model, crisis, p, now.alignment, shift);
    });
    return x;
  }

  function pressure(model, crisis, p, alignment, shift) {
    const patron = crisis.patron, rival = model.rival[p];
    if (!model.has_rival[p] || patron < 0 || patron === p || patron === rival || !(alignment[p][patron] > 0)) return 0;
    const own = crisis.capacity[p], other = crisis.rival_capacity[p];
    if (own === null || other === null) return 0;
    return Math.max(other + (rival >= 0 ? shift[rival] : 0) - own - shift[p], 0);
  }

  function optionsOf(model, crisis, changes, hostAlignment, request) {
    const passes = model.rung.map(() => 1), share = model.rung.map(() => 1), flag = model.rung.map(() => 1);
    model.vehicles.forEach((one, v) => {
      const mine = changes.filter((change) => change.vehicle === v), o = model.plain + v;
      const rule = mine.find((change) => change.kind === "consent"), set = (name) => mine.find((change) => change.share === name);
      passes[o] = passProbability(rule ? rule.rule : one.rule, crisis.members[v], one.keys, hostAlignment);
      share[o] = set("cost_share") ? set("cost_share").now : one.cost_share;
      flag[o] = set("legitimacy") ? set("legitimacy").now : one.legitimacy;
    });
    const ladder = model.ladder, rung = model.rung, deploys = rung.map((r) => Number(r >= model.rungs.deployment));
    return {
      effort: rung.map((r, o) => ladder.effort[r] * passes[o]), cost: rung.map((r, o) => ladder.cost[r] * passes[o] * share[o]),
      presence: rung.map((r, o) => ladder.presence[r] * passes[o] * flag[o]), influence: rung.map((r, o) => ladder.influence[r] * passes[o]),
      deploys, unasked: model.powers.map((id, p) => unaskedAt(model, crisis, p, deploys, request)),
      open: openTo(model, crisis, changes),
    };
  }

  function unaskedAt(model, crisis, p, deploys, request) {
    const own = isAsked(model, p, request) || crisis.claimant[p];
    return deploys.map((is, o) => (is && !own && !(o >= model.plain && request.includes(model.vehicles[o - model.plain].id)) ? 1 : 0));
  }

  // Chance that a proposal passes, the members deciding independently; each agrees with (1 + alignment) / 2.
  function passProbability(rule, members, keys, hostAlignment) {
    if (!members.length) return 0;
    const consent = members.map((p) => 0.5 * (1 + hostAlignment[p]));
    if (rule === "lead") return 1;
    if (rule === "consensus") return consent.reduce((all, one) => all * one, 1);
    if (rule === "keys") {
      const held = consent.filter((_, k) => keys.includes(members[k]));
      return held.length ? held.reduce((all, one) => all * one, 1) : 0;
    }
    let count = [1];
    for (const yes of consent) {
      const next = [...count, 0];
      for (let k = 0; k < next.length; k++) next[k] = (1 - yes) * (count[k] || 0) + (k ? yes * count[k - 1] : 0);
      count = next;
    }
    return count.slice(Math.floor(members.length / 2) + 1).reduce((sum, one) => sum + one, 0);
  }

  // The options open to each power: held ones need not have been open; who does not play is held at nothing.
  function openTo(model, crisis, changes) {
    const away = new Set(changes.filter((one) => one.kind === "absent").flatMap((one) => one.ids));
    return model.powers.map((id, p) => {
      let open = model.rung.map((_, o) => crisis.open[p][o] === 1);
      const held = changes.find((one) => one.kind === "force" && one.power === p);
      if (held && open.filter(Boolean).length > 1) {
        const wanted = model.rung.map((r, o) => (held.option >= 0 ? o === held.option : r === held.rung));
        const both = open.map((is, o) => is && wanted[o]);
        open = held.option < 0 && both.some(Boolean) ? both : wanted;
      }
      if (away.has(id)) open = model.rung.map((r) => r === 0);
      return open.flatMap((is, o) => (is ? [o] : []));
    });
  }

  // --- the games -------------------------------------------------------------------------------------------------

  // Room for one game after another of a crisis: flat arrays over powers, pairs and open options.
  function roomFor(model, setting) {
    const P = model.powers.length, start = [0];
    for (const mine of setting.open) start.push(start[start.length - 1] + mine.length);
    const M = start[P], option = Int32Array.from(setting.open.flat());
    const room = { P, M, start: Int32Array.from(start), option, rung: Int32Array.from(option, (o) => model.rung[o]) };
    for (const name of ["offer", "reach", "fall", "sigma", "pull", "slopeOfPrice"]) room[name] = new Float64Array(M);
    for (const name of ["stake", "least", "uniform", "point", "gap", "move", "point2"]) room[name] = new Float64Array(P);
    room.kept = new Float64Array(P * M);
    for (const name of ["shift", "slope", "system"]) room[name] = new Float64Array(P * P);
    room.rise = new Float64Array(P);
    for (let j = 0; j < P; j++) {
      for (let m = start[j]; m < start[j + 1]; m++) room.reach[m] = (setting.delivery[j] * setting.effort[option[m]]) / setting.severity;
      room.least[j] = Math.min(...room.reach.subarray(start[j], start[j + 1]));
      for (let m = start[j]; m < start[j + 1]; m++) room.fall[m] = Math.exp(room.least[j] - room.reach[m]);
    }
    return room;
  }

  function linear(model, name, d, row) {
    const columns = model.sloped[name], values = model.draw[name], first = d * columns.length;
    let sum = 0;
    for (let k = 0; k < columns.length; k++) sum += values[first + k] * row[columns[k]];
    return sum;
  }

  // The payoffs of one draw put into the room.
  function fill(model, crisis, setting, changes, d, room) {
    const c = model.draw, P = room.P, V = model.vehicles.length, at = model.crises.indexOf(crisis);
    const effect = c.crisis_effect[d * model.crises.length + at];
    for (let p = 0; p < P; p++) {
      const row = setting.x[p], price = {
        stake: Math.exp(c.stake_level[d] + c.stake_power[d * P + p] + linear(model, "stake_slope", d, row)),
        cost: Math.exp(c.cost_level[d] + c.cost_power[d * P + p] + linear(model, "cost_slope", d, row)),
        backlash: (1 - model.parameters["asked.relief"] * row[model.column.asked]) * Math.exp(c.backlash_level[d] + linear(model, "backlash_slope", d, row)),
        influence: Math.exp(c.influence_level[d] + linear(model, "influence_slope", d, row)),
        norm: c.norm[d * P + p],
      };
      for (const one of changes) {
        if (one.kind === "price" && one.power === p) price[one.price] = one.isFactor ? price[one.price] * one.value : one.value;
      }
      const onAny = linear(model, "deployment_slope", d, row);
      room.stake[p] = price.stake;
      for (let m = room.start[p]; m < room.start[p + 1]; m++) {
        const o = room.option[m], by = o >= model.plain ? c.vehicle_price[(d * P + p) * V + o - model.plain] : 0;
        const barred = setting.deploys[o] * (onAny + by) + c.unasked[d] * setting.unasked[p][o];
        room.offer[m] = c.rung_payoff[d * model.rungs.count + model.rung[o]] + effect * model.rung[o] + price.influence * setting.influence[o]
          - price.cost * setting.cost[o] - price.backlash * setting.presence[o] - price.norm * setting.deploys[o] - barred;
      }
    }
    keepOf(setting, c.kappa[d], c.kappa_rivals[d], room);
  }

  function keepOf(setting, kappa, rivals, room) {
    const { P, M, start, reach, kept, shift } = room;
    for (let i = 0; i < P; i++) {
      for (let j = 0; j < P; j++) {
        if (i === j) continue;
        const raw = setting.alignment[i][j], alpha = (raw > 0 ? kappa : rivals) * raw;
        let most = -Infinity;
        for (let m = start[j]; m < start[j + 1]; m++) most = Math.max(most, -alpha * reach[m]);
        shift[i * P + j] = most;
        for (let m = start[j]; m < start[j + 1]; m++) kept[i * M + m] = Math.exp(-alpha * reach[m] - most);
      }
    }
  }

  // --- the fixed point in log R ----------------------------------------------------------------------------------

  const LARGEST = 200, TINY = 2.2250738585072014e-308, EPSILON = 2.220446049250313e-16;

  // Logit choice of every power at the residuals, and how each chance is pulled by its own power's residual.
  function choose(room, point, rationality) {
    const { P, start, offer, fall, sigma, pull, stake, least } = room;
    for (let j = 0; j < P; j++) {
      const scale = rationality * stake[j] * Math.exp(Math.min(point[j] - least[j], LARGEST));
      let most = -Infinity, sum = 0;
      for (let m = start[j]; m < start[j + 1]; m++) {
        pull[m] = fall[m] * scale;
        sigma[m] = rationality * offer[m] - pull[m];
        if (sigma[m] > most) most = sigma[m];
      }
      for (let m = start[j]; m < start[j + 1]; m++) sum += sigma[m] = Math.exp(sigma[m] - most);
      for (let m = start[j]; m < start[j + 1]; m++) pull[m] *= -(sigma[m] /= sum);
    }
  }

  // Best response minus the point into room.gap, its slopes into room.slope; gives the largest gap.
  function respond(room, point, rationality) {
    const { P, M, start, sigma, pull, kept, shift, gap, slope } = room;
    choose(room, point, rationality);
    for (let i = 0; i < P; i++) gap[i] = -point[i];
    for (let j = 0; j < P; j++) {
      let own = 0;
      for (let m = start[j]; m < start[j + 1]; m++) own += pull[m];
      for (let i = 0; i < P; i++) {
        if (i === j) { slope[i * P + j] = 0; continue; }
        let share = 0, tilted = 0;
        for (let m = start[j], n = i * M + m; m < start[j + 1]; m++, n++) { share += kept[n] * sigma[m]; tilted += kept[n] * pull[m]; }
        share = Math.max(share, TINY);
        gap[i] += shift[i * P + j] + Math.log(share);
        slope[i * P + j] = tilted / share - own;
      }
    }
    let error = 0;
    for (let i = 0; i < P; i++) { const size = Math.abs(gap[i]); if (!(size <= error)) error = size; }
    return Number.isFinite(error) ? error : Infinity;
  }

  // Newton's next step, (I - S) move = gap, by elimination without pivoting; gives det(I - S).
  function direction(room) {
    const { P, gap, slope, system, move } = room;
    let determinant = 1;
    for (let i = 0; i < P; i++) {
      for (let j = 0; j < P; j++) system[i * P + j] = (i === j ? 1 : 0) - slope[i * P + j];
      move[i] = gap[i];
    }
    for (let k = 0; k < P; k++) {
      determinant *= system[k * P + k];
      for (let i = k + 1; i < P; i++) {
        const by = system[i * P + k] / system[k * P + k];
        for (let j = k + 1; j < P; j++) system[i * P + j] -= by * system[k * P + j];
        move[i] -= by * move[k];
      }
    }
    for (let k = P - 1; k >= 0; k--) {
      for (let j = k + 1; j < P; j++) move[k] -= system[k * P + j] * move[j];
      move[k] /= system[k * P + k];
    }
    return determinant;
  }

  function atUniform(room) {
    const { P, M, start, kept, shift, uniform } = room;
    for (let i = 0; i < P; i++) {
      uniform[i] = 0;
      for (let j = 0; j < P; j++) {
        if (i === j) continue;
        let sum = 0;
        for (let m = start[j]; m < start[j + 1]; m++) sum += kept[i * M + m];
        uniform[i] += shift[i * P + j] + Math.log(Math.max(sum / (start[j + 1] - start[j]), TINY));
      }
    }
    return uniform;
  }

  // The branch from rationality 0 in steps that Newton contracts by four at once; whether it came to 1, and without a fold.
  function follow(room) {
    const { P, point, point2, move } = room;
    let reached = 0, step = 1, isPlain = true;
    point.set(atUniform(room));
    for (let trial = 0; trial < 80 && reached < 1 && step > 1e-4; trial++) {
      const aim = Math.min(reached + step, 1);
      let last = Number.MAX_VALUE, isSafe = true;
      point2.set(point);
      for (let k = 0; k < 3; k++) {
        respond(room, point2, aim);
        direction(room);
        let length = 0;
        for (let i = 0; i < P; i++) { const size = Math.abs(move[i]); if (!(size <= length)) length = size; point2[i] += move[i]; }
        isSafe = isSafe && (length <= 0.25 * last || length < 100 * EPSILON);
        last = length;
      }
      isSafe = isSafe && last < 1e-2;
      if (isSafe) {
        respond(room, point2, aim);
        if (!(direction(room) > 0)) isPlain = false;
        reached = aim;
        point.set(point2);
      }
      step *= isSafe ? 2 : 0.5;
    }
    return isPlain && reached >= 1;
  }

  // Newton from room.point, halved where it does not lower the error; gives the error that is left.
  function refine(room, tolerance) {
    const { P, point, point2, move } = room;
    let error = respond(room, point, 1), length = 1;
    direction(room);
    for (let k = 0; k < 30 && error > tolerance && length > 1e-3; k++) {
      for (let i = 0; i < P; i++) point2[i] = point[i] + length * move[i];
      const found = respond(room, point2, 1);
      if (found < error) {
        error = found;
        point.set(point2);
        direction(room);
        length = Math.min(1, 2 * length);
      } else length *= 0.5;
    }
    return error;
  }

  // log R on the principal branch into room.point; throws where it cannot be followed.
  function solve(room, byArc) {
    const isPlain = !byArc && follow(room) && refine(room, 1e-11) <= 5e-11;
    if (!isPlain) trace(room);
    respond(room, room.point, 1);
    if (isPlain) for (let i = 0; i < room.P; i++) room.point[i] += room.gap[i]; // one exact best response at the end
    choose(room, room.point, 1);
    return isPlain;
  }

  // --- round folds: continuation by arc length in (log R, share of the rationality) -------------------------------

  const STEP = { first: 0.02, longest: 0.5, shortest: 1e-7, most: 4000, tolerance: 1e-11 };

  // Gap and its Jacobian in the point and the rationality, rows of P + 1.
  function gapAt(room, at) {
    const { P, M, start, sigma, kept, offer, fall, stake, least, slopeOfPrice } = room, N = P + 1, jacobian = new Float64Array(P * N);
    respond(room, at, at[P]);
    for (let j = 0; j < P; j++) {
      const scale = stake[j] * Math.exp(Math.min(at[j] - least[j], LARGEST));
      let own = 0;
      for (let m = start[j]; m < start[j + 1]; m++) { slopeOfPrice[m] = sigma[m] * (offer[m] - fall[m] * scale); own += slopeOfPrice[m]; }
      for (let i = 0; i < P; i++) {
        if (i === j) continue;
        let share = 0, tilted = 0;
        for (let m = start[j]; m < start[j + 1]; m++) { share += kept[i * M + m] * sigma[m]; tilted += kept[i * M + m] * slopeOfPrice[m]; }
        jacobian[i * N + P] += tilted / Math.max(share, TINY) - own;
      }
    }
    for (let i = 0; i < P; i++) for (let j = 0; j < P; j++) jacobian[i * N + j] = room.slope[i * P + j] - (i === j ? 1 : 0);
    return { gap: Float64Array.from(room.gap), jacobian };
  }

  // Solves rows · x = right with pivoting, rows a list of arrays; null where it is singular.
  function solved(rows, right) {
    const n = right.length, a = rows.map((row, i) => [...row, right[i]]);
    for (let k = 0; k < n; k++) {
      let best = k;
      for (let i = k + 1; i < n; i++) if (Math.abs(a[i][k]) > Math.abs(a[best][k])) best = i;
      [a[k], a[best]] = [a[best], a[k]];
      if (!(Math.abs(a[k][k]) > 0)) return null;
      for (let i = k + 1; i < n; i++) {
        const by = a[i][k] / a[k][k];
        for (let j = k; j <= n; j++) a[i][j] -= by * a[k][j];
      }
    }
    const x = new Array(n);
    for (let k = n - 1; k >= 0; k--) {
      x[k] = a[k][n];
      for (let j = k + 1; j < n; j++) x[k] -= a[k][j] * x[j];
      x[k] /= a[k][k];
    }
    return x.every(Number.isFinite) ? x : null;
  }

  function rowsOf(jacobian, P, last) {
    const rows = [];
    for (let i = 0; i < P; i++) rows.push(Array.from(jacobian.subarray(i * (P + 1), (i + 1) * (P + 1))));
    return last ? [...rows, last] : rows.map((row) => row.slice(0, P));
  }

  function tangentAt(jacobian, P, before) {
    const found = solved(rowsOf(jacobian, P, before), [...new Array(P).fill(0), 1]);
    if (!found) return null;
    const size = Math.hypot(...found);
    return found.map((value) => value / size);
  }

  // Newton in the plane across the tangent; null where it does not contract.
  function corrected(room, guess, tangent) {
    let point = [...guess], last = Infinity;
    for (let k = 0; k < 12; k++) {
      const { gap, jacobian } = gapAt(room, point), across = tangent.reduce((sum, t, i) => sum + t * (guess[i] - point[i]), 0);
      const move = jacobian.every(Number.isFinite) && solved(rowsOf(jacobian, room.P, tangent), [...Array.from(gap, (g) => -g), across]);
      if (!move) return null;
      point = point.map((value, i) => value + move[i]);
      const length = Math.max(...move.map(Math.abs));
      if (length < STEP.tolerance) return point;
      if (length > 0.5 * last) return length > 1e-9 ? null : point;
      last = length;
    }
    return null;
  }

  function trace(room) {
    const P = room.P;
    let point = [...atUniform(room), 0], step = STEP.first;
    let tangent = tangentAt(gapAt(room, point).jacobian, P, [...new Array(P).fill(0), 1]);
    for (let k = 0; k < STEP.most && tangent; k++) {
      const moved = corrected(room, point.map((value, i) => value + step * tangent[i]), tangent);
      const next = moved && tangentAt(gapAt(room, moved).jacobian, P, tangent);
      if (!next || !(next.reduce((sum, t, i) => sum + t * tangent[i], 0) > 0.9)) {
        step *= 0.5;
        if (step < STEP.shortest) break;
        continue;
      }
      if (moved[P] >= 1) return finish(room, point, moved);
      [point, tangent, step] = [moved, next, Math.min(1.5 * step, STEP.longest)];
    }
    throw new Unusable("the branch of a draw was lost: move less far");
  }

  // The point at the rationality asked, between the last one and the one beyond.
  function finish(room, before, moved) {
    const P = room.P, share = (1 - before[P]) / (moved[P] - before[P]);
    const point = before.map((value, i) => value + share * (moved[i] - value));
    point[P] = 1;
    for (let k = 0; k < 12; k++) {
      const { gap, jacobian } = gapAt(room, point), move = solved(rowsOf(jacobian, P, null), Array.from(gap, (g) => -g));
      if (!move) break;
      for (let i = 0; i < P; i++) point[i] += move[i];
    }
    if (!(respond(room, point, 1) <= 1e-10)) throw new Unusable("the branch of a draw was lost: move less far");
    room.point.set(point.slice(0, P));
  }

  // --- what is asked of an equilibrium ---------------------------------------------------------------------------

  const OF_POWER = ["expected_rung", "p_deploy", "residual", "buck_passed", "payoff"], OF_CRISIS = ["p_stabilised", "p_nobody"];

  // All numbers of a crisis after some changes, draw by draw: of powers [draw · powers + power], of the crisis [draw].
  // byArc: every branch is traced by arc length, as those that fold are in any case.
  // Under every draw, or one alone.
  function answer(model, crisis, changes, byArc = false, alone = null) {
    const setting = settingOf(model, crisis, changes), room = roomFor(model, setting), P = room.P, found = { folds: 0 };
    const first = alone ?? 0, count = alone === null ? model.draws : 1;
    for (const name of OF_POWER) found[name] = new Float64Array(count * P);
    for (const name of OF_CRISIS) found[name] = new Float64Array(count);
    for (let d = 0; d < count; d++) {
      fill(model, crisis, setting, changes, first + d, room);
      if (!solve(room, byArc)) found.folds++;
      read(model, setting, room, d, found);
    }
    return found;
  }

  function read(model, setting, room, d, found) {
    const { P, start, sigma, reach, rung, offer, pull, stake, point, option } = room;
    let left = 0, nobody = 1;
    const effort = new Float64Array(P);
    for (let p = 0; p < P; p++) {
      let expected = 0, deploys = 0, payoff = 0, kept = 0, words = 0;
      for (let m = start[p]; m < start[p + 1]; m++) {
        expected += rung[m] * sigma[m];
        if (rung[m] >= model.rungs.deployment) deploys += sigma[m];
        if (rung[m] < model.rungs.beyond_words) words += sigma[m];
        payoff += sigma[m] * (stake[p] + offer[m]) + pull[m];
        kept += sigma[m] * Math.exp(-setting.hostAlignment[p] * reach[m]);
        effort[p] += setting.effort[option[m]] * sigma[m];
      }
      left += Math.log(kept);
      nobody *= words;
      found.expected_rung[d * P + p] = expected;
      found.p_deploy[d * P + p] = deploys;
      found.residual[d * P + p] = Math.exp(point[p]);
      found.payoff[d * P + p] = payoff;
    }
    found.p_stabilised[d] = Math.max(1 - Math.exp(left), 0);
    found.p_nobody[d] = nobody;
    room.point2.fill(0);
    choose(room, room.point2, 1); // what each would do alone
    for (let p = 0; p < P; p++) {
      let alone = 0;
      for (let m = start[p]; m < start[p + 1]; m++) alone += setting.effort[option[m]] * sigma[m];
      found.buck_passed[d * P + p] = setting.delivery[p] * (alone - effort[p]);
    }
  }

  // Draw by draw the value of one input, nearest to what it is, at which the chance that power p deploys passes one half; all else as
  // changed. As `buckpass tip` finds it: on a grid, then by halves. What no draw crosses has no value.
  function turning(model, crisis, changes, input, p) {
    const { path, low, high, present, isFactor } = input, others = changes.filter((one) => one.path !== path).map((one) => one.text);
    const [scale, unscale] = path.endsWith(".capacity") ? [Math.log, Math.exp] : [(x) => x, (u) => u]; // in which settings change linearly
    const deploys = (u, alone = null) => {
      const { changes: made, problems, isMade } = readChanges(model, crisis, [...others, `${path}=${unscale(u)}${isFactor ? "x" : ""}`]);
      if (!isMade || problems.some((text) => text.startsWith(`${path}=`))) throw new Unusable(problems.join(". "));
      return column(answer(model, crisis, made, false, alone).p_deploy, p, model.powers.length);
    };
    const [from, to] = [scale(low), scale(high)], stops = Array.from({ length: STOPS }, (_, k) => from + ((to - from) * k) / (STOPS - 1));
    if (path.includes(".alignment")) stops.push(...[-1e-9, 0].filter((u) => low < u && u < high && !stops.includes(u))); // rivals switch there
    stops.sort((a, b) => a - b);
    const curve = stops.map((u) => deploys(u)), holds = (value) => value > HALF, turns = [];
    const away = (k) => Math.abs(0.5 * (stops[k] + stops[k + 1]) - scale(present));
    for (let d = 0; d < model.draws; d++) {
      const cells = [...curve.keys()].slice(0, -1).filter((k) => holds(curve[k][d]) !== holds(curve[k + 1][d]));
      if (!cells.length) continue;
      const cell = cells.reduce((best, k) => (away(k) < away(best) ? k : best));
      let [left, right] = [stops[cell], stops[cell + 1]];
      for (let n = 0; n < HALVINGS; n++) {
        const middle = 0.5 * (left + right);
        if (holds(deploys(middle, d)[0]) === holds(curve[cell][d])) left = middle;
        else right = middle;
      }
      turns.push(unscale(0.5 * (left + right)));
    }
    turns.sort((a, b) => a - b);
    const isStill = curve.every((one) => one.every((value, d) => Math.abs(value - curve[0][d]) <= ROUNDING));
    return { isStill, ends: [curve[0], curve.at(-1)].map((one) => summary(one).mean), share: turns.length / model.draws,
      value: turns.length ? [0.5, 0.05, 0.95].map((share) => quantile(turns, share)) : null };
  }

  // Of the changes about a power that does not play here, in words, those that by themselves move nothing of what is read.
  function idle(model, crisis, changes, before) {
    const outside = (one) => [...(one.ids || []).map((id) => model.powers.indexOf(id)), one.power, one.of, one.to].filter((p) => p >= 0 && !playsIn(crisis, p));
    return changes.flatMap((one) => {
      const [who] = outside(one);
      if (who === undefined || !isStill(model, crisis, answer(model, crisis, [one]), before)) return [];
      return [`${one.text} moves nothing: ${model.names[who]} does not play here`];
    });
  }

  function isStill(model, crisis, after, before) {
    const P = model.powers.length, same = (name) => (at) => Math.abs(after[name][at] - before[name][at]) <= ROUNDING;
    const played = [...before.expected_rung.keys()].filter((at) => playsIn(crisis, at % P));
    return OF_POWER.every((name) => played.every(same(name))) && OF_CRISIS.every((name) => [...before[name].keys()].every(same(name)));
  }

  // What a link asks for: crisis (null where it names none that is here), power, changes, and in words what of it cannot be used.
  function readLink(model, text, shown) {
    const link = new URLSearchParams(text), sets = link.getAll("set"), problems = [];
    const clipped = (key) => (link.get(key) || "none").slice(0, 80);
    for (const key of new Set(link.keys())) if (!["crisis", "power", "set"].includes(key)) problems.push(`The link’s key ${key.slice(0, 80)} is not known.`);
    const crisis = model.crises.find((one) => one.id === link.get("crisis")) || null;
    if (!crisis) problems.push(`The link asks for a crisis that is not here (${clipped("crisis")}): the baseline is shown.`);
    const power = movedIn(model, crisis || shown.crisis, link.get("power") || shown.power);
    if (link.has("power") && link.get("power") !== power) {
      const why = model.powers.includes(link.get("power")) ? "does not play there" : "is not here";
      problems.push(`The link asks for a power that ${why} (${clipped("power")}): ${model.names[model.powers.indexOf(power)]} is shown.`);
    }
    if (sets.length > MOST_CHANGES) problems.push(`The link asks for ${sets.length} changes: those after the first ${MOST_CHANGES} were left out.`);
    const read = crisis ? readChanges(model, crisis, sets.slice(0, MOST_CHANGES)) : { changes: [], problems: [] };
    return { crisis, power, changes: read.changes, problems: [...problems, ...read.problems.map((one) => `Left out of the link: ${one}.`)] };
  }

  // The power whose inputs are moved: the one wanted where it plays, else the case's, else the first that plays.
  function movedIn(model, crisis, wanted) {
    const playing = model.powers.filter((_, p) => playsIn(crisis, p));
    return [wanted, model.focus.power, ...playing, ...model.powers].find((one) => playing.includes(one) || !playing.length);
  }

  // Mean and middle 90 percent of draws.
  function summary(values) {
    const sorted = Float64Array.from(values).sort();
    return { mean: sorted.reduce((sum, one) => sum + one, 0) / sorted.length, low: quantile(sorted, 0.05), high: quantile(sorted, 0.95) };
  }

  function quantile(sorted, share) {
    const at = share * (sorted.length - 1), below = Math.floor(at), above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  function column(values, p, powers) {
    return Float64Array.from({ length: values.length / powers }, (_, d) => values[d * powers + p]);
  }

  // One quantity before, after, and the difference draw by draw; p: position of the power, null for the crisis.
  function compare(model, before, after, quantity, p = null) {
    const pick = (from) => (p === null ? from[quantity] : column(from[quantity], p, model.powers.length));
    const was = pick(before), is = pick(after), change = is.map((value, d) => value - was[d]);
    return { baseline: summary(was), scenario: summary(is), difference: summary(change),
      p_rises: change.reduce((n, one) => n + (one > ROUNDING), 0) / change.length };
  }

  return { unpack, readChange, readChanges, readLink, settingOf, answer, idle, compare, turning, summary, movedIn, playsIn, Unusable, OF_POWER, OF_CRISIS, RULES, LONGEST_LINK };
})();

if (typeof module !== "undefined") module.exports = buckpassWhatIf;

// --- what is shown: controls made from the data, the baseline in grey, differences with their 90 % intervals ----------

if (typeof document !== "undefined") (() => {
  const engine = buckpassWhatIf, PREFIX = "#what-if?";
  const block = document.getElementById("what-if-data"), place = document.getElementById("what-if-place");
  if (!block || !place) return;
  const model = engine.unpack(JSON.parse(block.textContent)), kept = new Map();
  const state = { crisis: model.crises[0], power: model.focus.power, other: "", changes: new Map(), problems: [] };

  // --- small helpers ---

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name === "text") element.textContent = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function fixed(value, digits = 2) {
    const text = value.toFixed(digits);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
  }

  // As everywhere in the tool: of two whole numbers as near, the even one.
  function percent(share) {
    const exact = 100 * share, up = Math.round(exact);
    return Math.abs(up - exact) === 0.5 && up % 2 ? up - 1 : up;
  }

  function signed(value) {
    const text = fixed(value);
    return Number(text.replace("−", "-")) > 0 ? "+" + text : text;
  }

  function difference(found) {
    const shown = ["mean", "low", "high"].map((part) => signed(found.difference[part]));
    return shown.every((text) => text === "0.00") ? "no change" : `${shown[0]} (${shown[1]} to ${shown[2]})`;
  }

  function nameOf(id) {
    const at = model.powers.indexOf(id);
    return at >= 0 ? model.names[at] : Object.hasOwn(model.organisations, id) ? model.organisations[id] : id;
  }

  const later = (() => { // the last call of each kind, once the hand rests
    const waiting = new Map();
    return (what, work) => { clearTimeout(waiting.get(what)); waiting.set(what, setTimeout(work, 300)); };
  })();

  function baseline(crisis) {
    if (!kept.has(crisis.id)) kept.set(crisis.id, engine.answer(model, crisis, []));
    return kept.get(crisis.id);
  }

  // --- the link ---

  function hash() {
    const parts = [["crisis", state.crisis.id], ["power", state.power], ...[...state.changes].map(([path, value]) => ["set", `${path}=${value}`])];
    return PREFIX + parts.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
  }

  function fromLink() {
    const link = location.hash;
    if (!link.startsWith(PREFIX)) return false;
    state.changes.clear();
    state.problems = [];
    if (link.length > engine.LONGEST_LINK) {
      state.problems.push(`The link holds more than ${engine.LONGEST_LINK} characters: none of it was used.`);
      return true;
    }
    const { crisis, power, changes, problems } = engine.readLink(model, link.slice(PREFIX.length), state);
    Object.assign(state, { crisis: crisis || state.crisis, power, problems });
    for (const one of changes) state.changes.set(one.path, one.text.slice(one.path.length + 1));
    return true;
  }

  // --- controls ---

  let serial = 0, turn = 0;

  function labelled(label, control, ...after) {
    control.id = `what-if-${serial++}`;
    return make("p", { class: "control" }, make("label", { for: control.id, text: label }), control, ...after);
  }

  function change(path, value) {
    if (value === null) state.changes.delete(path);
    else state.changes.set(path, value);
    state.problems = [];
    show();
  }

  function slider(label, path, rest, [low, high, step], isFactor, words) {
    const mark = isFactor ? "x" : "", text = state.changes.get(path);
    const at = text === undefined ? rest : Number(text.replace(/[x×]$/, ""));
    // a link may ask for more than the slider has
    const input = make("input", { type: "range", min: Math.min(low, at), max: Math.max(high, at), step }), output = make("output");
    const rests = () => Math.abs(Number(input.value) - rest) < step * 0.51; // the nearest stop to what the case has
    let given = isFactor && text !== undefined && !/[x×]$/.test(text) ? text : text === undefined ? "" : words(at); // not the nearest stop
    const say = () => {
      output.textContent = given || (rests() ? [words(rest), "as it was"].filter((text) => text).join(", ") : words(Number(input.value)));
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.value = at;
    say();
    input.addEventListener("input", () => {
      given = "";
      say();
      change(path, rests() ? null : `${+Number(input.value).toFixed(6)}${mark}`);
    });
    return labelled(label, input, output);
  }

  const AGREE = { lead: "its lead alone", keys: "the members that hold a key", majority: "a majority", consensus: "consensus" };
  const times = (value) => (value === 1 ? "" : `× ${fixed(value)}`);

  function choice(label, path, rest, options) {
    const select = make("select", {}, ...options.map(([value, text]) => make("option", { value, text })));
    select.value = state.changes.get(path) || rest;
    select.addEventListener("change", () => change(path, select.value === rest ? null : select.value));
    return labelled(label, select);
  }

  function tick(label, isOn, work) {
    const input = make("input", { type: "checkbox" });
    input.checked = isOn;
    input.addEventListener("change", () => work(input.checked));
    return make("label", { class: "tick" }, input, make("span", { text: label }));
  }

  // Whose public is asked about a power, and the share of it that sees the power unfavourably.
  function publicOf(crisis, p) {
    const at = crisis.opinion_in[p], odds = crisis.opinion[p] === null ? model.standard.opinion[0] : crisis.opinion[p];
    return { host: crisis.hosts[at], name: crisis.host_names[at], share: 1 / (1 + Math.exp(-odds)) };
  }

  const FACTORS = [["Capacity of", "capacity", [0.1, 3, 0.05]], ["Stake of", "stake", [0.1, 4, 0.1]],
    ["Cost to", "cost", [0.1, 3, 0.05]], ["Backlash against", "backlash", [0, 3, 0.05]]]; // and the span of each slider

  function ofPower(crisis, power) {
    const name = nameOf(power), p = model.powers.indexOf(power), parts = [];
    for (const [what, path, span] of FACTORS) {
      parts.push(slider(`${what} ${name}`, `${power}.${path}`, 1, span, true, times));
    }
    const asked = publicOf(crisis, p), low = -Math.min(0.5, Math.floor(asked.share * 20) / 20), high = Math.min(0.5, Math.floor((1 - asked.share) * 20) / 20);
    if (asked.host !== power) {
      parts.push(slider(`Unfavourable opinion of ${name} in ${asked.name}`, `${power}.opinion@${asked.host}`, 0, [low, high, 0.05], false,
        (value) => (value === 0 ? "" : `${signed(value)} of the public`)));
    }
    parts.push(...towards(crisis, power, name), held(power, name));
    return parts;
  }

  function towards(crisis, power, name) {
    const others = model.powers.filter((one) => one !== power);
    if (!others.length) return [];
    if (!others.includes(state.other)) state.other = others[0];
    const select = make("select", {}, ...others.map((one) => make("option", { value: one, text: nameOf(one) })));
    select.value = state.other;
    select.addEventListener("change", () => { state.other = select.value; controls(select.id); show(); });
    const rest = crisis.alignment[model.powers.indexOf(power)][model.powers.indexOf(state.other)];
    return [labelled(`${name} counts the effort of`, select), slider("as (−1 undone work, 1 as its own)", `${power}.alignment@${state.other}`,
      rest, [-1, 1, 0.05], false, (value) => fixed(value))];
  }

  function held(power, name) {
    const rungs = model.rungs.names.map((text, rung) => [String(rung), `${rung} ${text}`]);
    const possible = model.vehicles.length ? rungs : rungs.filter((_, rung) => rung !== model.rungs.through);
    return choice(`${name} is held at`, `${power}.force`, "", [["", "its own choice"], ...possible]);
  }

  function ofCrisis(crisis) {
    const parts = [slider("Severity of the crisis (0 to 1)", "severity", crisis.severity, [0, 1, 0.01], false, (value) => fixed(value))];
    parts.push(ticks("Who is asked for help", "request", [...model.powers, ...bodiesOf(crisis)], crisis.asked, "nobody"));
    parts.push(ticks("Who is not there at all", "absent", model.powers, [], ""));
    model.vehicles.forEach((one, v) => {
      if (!isReached(crisis, v)) return;
      const rules = engine.RULES.filter((rule) => (rule !== "lead" || one.has_lead) && (rule !== "keys" || one.has_keys));
      parts.push(choice(`Who must agree in ${nameOf(one.id)}`, `${one.id}.consent`, one.rule, rules.map((rule) => [rule, AGREE[rule]])));
    });
    return parts;
  }

  function isReached(crisis, v) {
    return crisis.there.includes(model.vehicles[v].id) && crisis.open.some((row) => row[model.plain + v]);
  }

  // The organisations worth asking: those through which some power can deploy here, those asked, and those of the link.
  function bodiesOf(crisis) {
    const reached = model.vehicles.filter((_, v) => isReached(crisis, v)).map((one) => one.id);
    const named = [...reached, ...crisis.asked, ...(state.changes.get("request") || "").split(",")];
    return crisis.there.filter((id) => named.includes(id));
  }

  function ticks(legend, path, ids, rest, nobody) {
    const text = state.changes.get(path), outside = rest.filter((id) => !ids.includes(id));
    const chosen = new Set(text === undefined ? rest : text === nobody ? [] : text.split(","));
    const boxes = ids.map((id) => tick(nameOf(id), chosen.has(id), (isOn) => {
      if (isOn) chosen.add(id);
      else chosen.delete(id);
      const same = [...chosen].filter((one) => !outside.includes(one)).sort().join() === rest.filter((one) => ids.includes(one)).sort().join();
      const now = ids.filter((one) => chosen.has(one)).join(",");
      change(path, same || (!now && !nobody) ? null : now || nobody);
    }));
    return make("fieldset", { class: "ticks" }, make("legend", { text: legend }), ...boxes);
  }

  const parts = { of: make("div", { class: "controls" }), found: make("div", {}), turns: make("div", {}), said: make("p", { class: "said", "aria-live": "polite" }),
    problems: make("div", { role: "alert" }), link: make("a", { text: "Link to this change" }), crisis: null, power: null };

  // Hosts and belligerents have only silence open: nothing that is theirs moves anything.
  function playing() {
    return model.powers.flatMap((_, p) => (engine.playsIn(state.crisis, p) ? [p] : []));
  }

  function controls(focus = "") {
    serial = 2;
    const choices = playing().map((p) => model.powers[p]);
    state.power = engine.movedIn(model, state.crisis, state.power);
    parts.power.replaceChildren(...choices.map((one) => make("option", { value: one, text: nameOf(one) })));
    const mine = make("fieldset", {}, make("legend", { text: nameOf(state.power) }), ...ofPower(state.crisis, state.power));
    const all = make("fieldset", {}, make("legend", { text: "The crisis" }), ...ofCrisis(state.crisis));
    parts.of.replaceChildren(mine, all);
    parts.crisis.value = state.crisis.id;
    parts.power.value = state.power;
    if (focus) document.getElementById(focus)?.focus();
  }

  function frame() {
    const theatres = [...new Set(model.crises.map((one) => one.theatre_name))];
    const groups = theatres.map((name) => make("optgroup", { label: name }, ...model.crises.filter((one) => one.theatre_name === name)
      .map((one) => make("option", { value: one.id, text: one.name.includes(one.year) ? one.name : `${one.name} (${one.year})` }))));
    parts.crisis = make("select", {}, ...groups);
    parts.power = make("select");
    parts.crisis.addEventListener("change", () => {
      state.crisis = model.crises.find((one) => one.id === parts.crisis.value);
      state.changes.clear();
      state.problems = [];
      controls();
      show();
    });
    parts.power.addEventListener("change", () => { state.power = parts.power.value; controls(); show(); });
    const back = make("button", { type: "button", text: "Back to the baseline", onclick: () => { state.changes.clear(); state.problems = []; controls(); show(); } });
    serial = 0;
    place.replaceChildren(make("div", { class: "controls" }, labelled("Crisis", parts.crisis), labelled("Move the inputs of", parts.power)), parts.problems, parts.of,
      make("p", {}, back, " ", parts.link), parts.said, parts.found, parts.turns);
  }

  // --- answers ---

  function bar(found, most) {
    const wide = (value) => `width:${fixed((100 * Math.max(value, 0)) / most, 1)}%`;
    return make("span", { class: "bars", "aria-hidden": "true" }, make("span", { class: "was", style: wide(found.baseline.mean) }),
      make("span", { class: "now", style: wide(found.scenario.mean) }));
  }

  function cell(label, ...content) {
    return make("td", { class: "n", "data-is": label }, make("span", {}, ...content));
  }

  function pair(label, found) {
    return cell(label, make("span", { class: "was", text: fixed(found.baseline.mean) }), ` → ${fixed(found.scenario.mean)}`);
  }

  function row(after, p) {
    const of = (quantity) => engine.compare(model, baseline(state.crisis), after, quantity, p), rung = of("expected_rung");
    return make("tr", {}, make("th", { scope: "row", text: model.names[p] }), pair("Rung", rung), cell("Difference", difference(rung)),
      cell("", bar(rung, model.rungs.count - 1)), pair("P(deploys)", of("p_deploy")), pair("Buck passed", of("buck_passed")));
  }

  function table(heads, rows, caption, kind = "live") {
    const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col", text })));
    return make("table", { class: `stack ${kind}` }, make("caption", { text: caption }), make("thead", {}, head), make("tbody", {}, ...rows));
  }

  function outcome(after, quantity, words) {
    const found = engine.compare(model, baseline(state.crisis), after, quantity);
    return make("tr", {}, make("th", { scope: "row", text: words }), pair("Probability", found), cell("Difference", difference(found)), cell("", bar(found, 1)));
  }

  // A change as a reader says it: "A’s stake × 3", "B is held at rung 2".
  function inWords(one) {
    const [subject, rest = ""] = one.path.split(/\.(.*)/), [attribute, target = ""] = rest.split("@");
    const value = one.text.slice(one.path.length + 1), many = (ids) => ids.map(nameOf).join(" and ") || "nobody";
    const amount = /[x×]$/.test(value) ? `× ${value.slice(0, -1)}` : value.replace("-", "−");
    const host = state.crisis.hosts.indexOf(target), at = host < 0 ? nameOf(target) : state.crisis.host_names[host];
    const told = {
      severity: () => `severity ${amount}`, request: () => `asked for help: ${many(one.ids)}`, absent: () => `not there: ${many(one.ids)}`,
      alignment: () => `${nameOf(subject)} counts the effort of ${at} as ${amount}`, consent: () => `${nameOf(subject)} decides by ${AGREE[value]}`,
      opinion: () => `unfavourable opinion of ${nameOf(subject)} in ${at} ${signed(Number(value))} of the public`,
      force: () => `${nameOf(subject)} is held at rung ${value}${target ? ` through ${at}` : ""}`,
    }[one.kind];
    return told ? told() : `${nameOf(subject)}’s ${attribute.replaceAll("_", " ")} ${amount}`;
  }

  // The answer in a sentence: who moves most of those that are left to choose.
  function sentence(after, changes) {
    if (!changes.length) return `${state.crisis.name}: nothing is changed; this is the baseline.`;
    const told = new Set(changes.filter((one) => one.kind === "force" || one.kind === "absent").flatMap((one) => one.ids || [model.powers[one.power]]));
    const moved = model.names.map((name, p) => [name, engine.compare(model, baseline(state.crisis), after, "expected_rung", p)]);
    const top = moved.filter((_, p) => !told.has(model.powers[p])).sort((a, b) => Math.abs(b[1].difference.mean) - Math.abs(a[1].difference.mean))[0];
    const most = !top || difference(top[1]) === "no change" ? `nobody${told.size ? " else" : ""}’s expected rung moves` : `${told.size ? "of those left to choose " : ""}${top[0]} moves most, ${difference(top[1])} rungs`;
    return `${state.crisis.name}, if ${changes.map(inWords).join(", ")}: ${most}.`;
  }

  function tables(after) {
    return [
      table(["Power", "Expected rung", "Difference", "Bars", "P(deploys)", "Buck passed"], playing().map((p) => row(after, p)), "Who does what: as it was → now. Buck passed: effort, 0 to 1, times what the power can deliver, that it saves because others act; below 0 it adds"),
      table(["Outcome", "Probability", "Difference", "Bars"], [outcome(after, "p_stabilised", "Host stabilised"), outcome(after, "p_nobody", "Nobody beyond words")],
        "What comes of it"),
    ];
  }

  // --- where it turns ---

  // Inputs of the power, of the other that it looks at, and of the crisis, each as far as `buckpass tip` varies it.
  function inputs() {
    const { crisis, power, other } = state, p = model.powers.indexOf(power), asked = publicOf(crisis, p);
    const factor = (id, [what, path]) => ({ words: `${what} ${nameOf(id)}`, path: `${id}.${path}`, low: path === "capacity" ? 0.05 : 0, high: 4,
      present: 1, isFactor: true });
    const own = FACTORS.map((one) => factor(power, one));
    if (asked.host !== power) {
      own.push({ words: `Unfavourable opinion of ${nameOf(power)} in ${asked.name}, added`, path: `${power}.opinion@${asked.host}`,
        low: Math.max(-0.3, -asked.share), high: Math.min(0.3, 1 - asked.share), present: 0 });
    }
    if (other) {
      own.push(factor(other, FACTORS[0]), { words: `What ${nameOf(power)} makes of the effort of ${nameOf(other)}`,
        path: `${power}.alignment@${other}`, low: -1, high: 1, present: crisis.alignment[p][model.powers.indexOf(other)] });
    }
    return [...own, { words: "Severity of the crisis", path: "severity", low: 0, high: 1, present: crisis.severity }];
  }

  function turnRow(input, changes, p) {
    const words = (value) => (input.isFactor ? `× ${fixed(value)}` : fixed(value)), head = make("th", { scope: "row", text: input.words });
    const range = `${words(input.low)} to ${words(input.high)}`;
    try {
      const { isStill, ends, share, value } = engine.turning(model, state.crisis, changes, input, p);
      const turns = share >= 0.5 ? `${words(value[0])} (${words(value[1])} to ${words(value[2])})` : value ? "nowhere in most draws" : isStill ? "moves nothing" : "nowhere";
      return make("tr", { "data-turns": Number(share >= 0.5) }, head, cell("Varied", range), cell("It turns at", turns), cell("In draws", `${percent(share)}%`),
        cell("P(deploys)", `${fixed(ends[0])} → ${fixed(ends[1])}`));
    } catch (error) {
      if (!(error instanceof engine.Unusable)) throw error;
      return make("tr", {}, head, cell("Varied", range), cell("It turns at", "cannot be varied here"), cell("In draws", "–"), cell("P(deploys)", "–"));
    }
  }

  // One row at a time, so that the page answers meanwhile; a change made meanwhile ends it.
  function seek() {
    const p = model.powers.indexOf(state.power), { changes } = readNow(), waiting = inputs(), mine = ++turn, name = nameOf(state.power);
    const caption = `${name}: the value at which it deploys more likely than not, one input moved by itself, all else as above. Median and 90 % interval of the draws in which it turns`;
    const shown = table(["Input", "Varied", "It turns at", "In draws", "P(deploys), from end to end"], [], caption, "turns");
    const said = make("p", { role: "status", text: "…" }), total = waiting.length;
    let turned = 0;
    parts.turns.replaceChildren(shown, said);
    shown.tabIndex = -1;
    shown.focus({ preventScroll: true }); // the button that had it is gone
    const next = () => {
      if (mine !== turn) return;
      const one = waiting.shift();
      if (!one) { said.textContent = `${turned || "None"} of these ${total} turns it in most draws.`; return; }
      const row = turnRow(one, changes, p);
      turned += row.dataset.turns === "1";
      shown.lastChild.append(row);
      setTimeout(next);
    };
    next();
  }

  // Whether what the power does is not its own choice: it is held, or not there.
  function isSettled(changes) {
    const p = model.powers.indexOf(state.power);
    return changes.some((one) => (one.kind === "force" && one.power === p) || (one.kind === "absent" && one.ids.includes(state.power)));
  }

  function readNow() {
    return engine.readChanges(model, state.crisis, [...state.changes].map(([path, value]) => `${path}=${value}`));
  }

  // Where a change cannot be made there are no numbers: those of the baseline would be read as the answer.
  function show() {
    const { changes, problems, isMade } = readNow();
    let after = null;
    turn++; // what was sought belongs to the change before
    parts.turns.replaceChildren(...(isMade && state.power && !isSettled(changes) ? [make("button", { type: "button", text: `${nameOf(state.power)}: at which value does it deploy?`, onclick: seek })] : []));
    try {
      if (isMade) after = engine.answer(model, state.crisis, changes);
    } catch (error) {
      if (!(error instanceof engine.Unusable)) throw error;
      problems.push(error.message);
    }
    const still = after ? engine.idle(model, state.crisis, changes, baseline(state.crisis)) : [];
    parts.problems.replaceChildren(...[...state.problems, ...problems, ...still].map((text) => make("p", { text })));
    parts.found.replaceChildren(...(after ? tables(after) : []));
    parts.link.setAttribute("href", hash());
    later("said", () => { parts.said.textContent = after ? sentence(after, changes) : `${state.crisis.name}: no answer. ${problems.join(". ")}.`; });
    if (state.changes.size || location.hash.startsWith(PREFIX)) later("link", remember);
  }

  function remember() {
    try {
      history.replaceState(null, "", hash());
    } catch { /* an address that may not be changed: the link above holds the change all the same */ }
  }

  // A link to a folded chapter, claim or crisis opens it; one with changes makes them as well.
  function arrive() {
    const linked = document.getElementById(location.hash.slice(1));
    if (linked?.tagName === "DETAILS") linked.open = true;
    if (!fromLink()) return;
    for (let up = place; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    controls();
    show();
    // on a phone the inputs fill a screen: what is left out of a link is in view, else the answer
    (innerWidth > 860 ? place : parts.problems.childElementCount ? parts.problems : parts.said).scrollIntoView();
  }

  state.crisis = model.crises.find((one) => one.id === model.focus.crisis) || state.crisis;
  frame();
  controls();
  show();
  arrive();
  addEventListener("hashchange", arrive);
})();
