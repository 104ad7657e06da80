// What the regular expressions of a group match is looked at away from the heartbeat that asks: when a new one comes, when
// topics of new names have come, and at group.consumer.regex.refresh.interval.ms; not more often than every ten
// seconds. Members learn of it with their next heartbeat.

import { NOTHING, type Outcome } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../group-machine.ts'
import type { GroupRecord } from '../group-records.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { countTopic } from './consumer-group.ts'
import { equalSets } from './consumer-member.ts'
import { groupEpochRecord, regexRecord } from './consumer-records.ts'
import { isRegexEngineLoaded, loadRegexEngine, matchingNames } from './regex.ts'
import type { ResolvedRegex } from './resolved-regex.ts'

const LEAST_INTERVAL_MS = 10_000

/** `regexes`: those of the group, with what the member that speaks asks for now. */
export function refreshRegexes(
  machine: GroupMachine,
  groupId: string,
  regexes: ReadonlyMap<string, number>,
  isNew: boolean,
): void {
  const group = machine.consumer(groupId)
  if (group === undefined || group.isResolving || regexes.size === 0) return
  const { timestamp, version } = group.lastResolved
  const now = machine.now()
  if (now <= timestamp + LEAST_INTERVAL_MS) return
  const isDue =
    isNew ||
    regexes.size !== group.resolvedRegexes.size ||
    version < machine.topics.versionWithNewTopics() ||
    now > timestamp + machine.config.get('group.consumer.regex.refresh.interval.ms')
  if (!isDue) return
  group.isResolving = true
  const run = (): void =>
    machine.timers.post((): Outcome<GroupRecord> => resolve(machine, groupId, [...regexes.keys()]))
  if (isRegexEngineLoaded()) {
    run()
    return
  }
  loadRegexEngine().then(run, (error: unknown) => {
    group.isResolving = false
    machine.host.logger.error('group: the engine of regular expressions cannot be loaded', { error: String(error) })
  })
}

function resolve(machine: GroupMachine, groupId: string, regexes: readonly string[]): GroupOutcome {
  const group = machine.consumer(groupId)
  if (group === undefined) return NOTHING
  group.isResolving = false
  const subscriptions = new Map(group.subscriptions)
  const records: GroupRecord[] = []
  let bump = false
  for (const regex of regexes) {
    if (!group.regexCounts.has(regex)) continue
    const topics = matchingNames(regex, machine.topics.names())
    const old: ResolvedRegex | undefined = group.resolvedRegexes.get(regex)
    if (!equalSets(old?.topics ?? new Set(), topics)) {
      bump = true
      for (const topic of old?.topics ?? []) countTopic(subscriptions, topic, 0, -1)
      for (const topic of topics) countTopic(subscriptions, topic, 0, 1)
    }
    const resolved = { topics, version: machine.topics.version(), timestamp: machine.now() }
    records.push(regexRecord(groupId, regex, resolved))
  }
  const hash = metadataHash(machine.topics, subscriptions.keys())
  if (bump || hash !== group.metadataHash) records.push(groupEpochRecord(groupId, group.groupEpoch + 1, hash))
  // It is tried again with a later heartbeat.
  return { records, refused: () => {} }
}
