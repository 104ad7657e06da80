// What the regular expressions of a group match is looked at away from the heartbeat that asks: when a new one comes,
// when topics of new names have come, and at group.consumer.regex.refresh.interval.ms; not more often than every ten
// seconds. Members learn of it with their next heartbeat.

import type { Clock } from '../../../../host/host.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import { equalSets } from '../modern/assignment.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { consumerGroup, countTopic } from './consumer-group.ts'
import { groupEpochRecord, regexRecord } from './consumer-records.ts'
import { isRegexEngineLoaded, loadRegexEngine, regexMatcher } from './regex.ts'
import type { ResolvedRegex } from './resolved-regex.ts'

const LEAST_INTERVAL_MS = 10_000

/** `regexes`: those of the group, with what the member that speaks asks for now. */
export function refreshRegexes(
  machine: GroupMachine,
  groupId: string,
  regexes: ReadonlyMap<string, number>,
  isNew: boolean,
): void {
  const group = consumerGroup(machine, groupId)
  if (group === undefined || group.isResolving || regexes.size === 0) return
  const { timestamp, version } = group.lastResolved
  const now = machine.now()
  // One of the future tells of a clock that was set back.
  const isAhead = timestamp > now
  if (!isAhead && now <= timestamp + LEAST_INTERVAL_MS) return
  const isDue =
    isNew ||
    isAhead ||
    regexes.size !== group.resolvedRegexes.size ||
    version < machine.topics.versionWithNewTopics() ||
    now > timestamp + machine.config.get('group.consumer.regex.refresh.interval.ms')
  if (!isDue) return
  group.isResolving = true
  const matching = new Matching([...regexes.keys()], [...machine.topics.names()], machine.topics.version(), now)
  const step = (): GroupOutcome => {
    if (matching.advance(machine.host.clock)) return conclude(machine, groupId, matching)
    machine.timers.post(step)
    return NOTHING
  }
  if (isRegexEngineLoaded()) {
    machine.timers.post(step)
    return
  }
  const run = (): void => machine.timers.post(step)
  loadRegexEngine().then(run, (error: unknown) => {
    group.isResolving = false
    machine.host.logger.error('group: the engine of regular expressions cannot be loaded', { error: String(error) })
  })
}

/** How long one turn may take; of an expression that is built to be slow a single name takes 0.1 s. */
const TURN_MS = 5

/** Every expression against every name, a turn at a time. */
class Matching {
  readonly results = new Map<string, ResolvedRegex>()
  readonly #regexes: string[]
  readonly #names: readonly string[]
  readonly #version: number
  readonly #timestamp: number
  #current: { readonly matches: (name: string) => boolean; readonly topics: Set<string>; next: number } | null = null

  constructor(regexes: string[], names: readonly string[], version: number, timestamp: number) {
    this.#regexes = regexes
    this.#names = names
    this.#version = version
    this.#timestamp = timestamp
  }

  /** True: it is done. */
  advance(clock: Clock): boolean {
    const end = clock.monotonic() + TURN_MS
    for (;;) {
      const regex = this.#regexes.at(-1)
      if (regex === undefined) return true
      this.#current ??= { matches: regexMatcher(regex), topics: new Set(), next: 0 }
      const { matches, topics } = this.#current
      while (this.#current.next < this.#names.length) {
        if (clock.monotonic() > end) return false
        const name = this.#names[this.#current.next++]!
        if (matches(name)) topics.add(name)
      }
      this.results.set(regex, { topics, version: this.#version, timestamp: this.#timestamp })
      this.#regexes.pop()
      this.#current = null
    }
  }
}

function conclude(machine: GroupMachine, groupId: string, { results }: Matching): GroupOutcome {
  const group = consumerGroup(machine, groupId)
  if (group === undefined) return NOTHING
  group.isResolving = false
  const subscriptions = new Map(group.subscriptions)
  const records: GroupRecord[] = []
  let bump = false
  for (const [regex, resolved] of results) {
    if (!group.regexCounts.has(regex)) continue
    const old = group.resolvedRegexes.get(regex)?.topics ?? new Set<string>()
    if (!equalSets(old, resolved.topics)) {
      bump = true
      for (const topic of old) countTopic(subscriptions, topic, 0, -1)
      for (const topic of resolved.topics) countTopic(subscriptions, topic, 0, 1)
    }
    records.push(regexRecord(groupId, regex, resolved))
  }
  const hash = metadataHash(machine.topics, subscriptions.keys())
  if (bump || hash !== group.metadataHash) records.push(groupEpochRecord(groupId, group.groupEpoch + 1, hash))
  // It is tried again with a later heartbeat.
  return { records, refused: () => {} }
}
