// The server properties that groups depend on, read anew at each use, for most can change while the broker runs. Names
// are those of the properties in camel case.

import type { Codec } from '../../../../protocol/records/layout.ts'
import { BrokerConfig } from '../../../config/broker-config.ts'
import type { BrokerConfigName, BrokerConfigValue } from '../../../config/broker-configs.ts'

export interface GroupConfig {
  /** What was set for one group while running, as text. */
  ownValues(groupId: string): ReadonlyMap<string, string>
  /** Any other server property, by its own name. */
  get<Name extends BrokerConfigName>(name: Name): BrokerConfigValue<Name>
  readonly groupMinSessionTimeoutMs: number
  readonly groupMaxSessionTimeoutMs: number
  readonly groupInitialRebalanceDelayMs: number
  readonly groupMaxSize: number
  readonly offsetMetadataMaxBytes: number
  readonly offsetsRetentionMs: number
  readonly offsetsRetentionCheckIntervalMs: number
  readonly offsetsCommitTimeoutMs: number
  /** offsets.topic.compression.codec; the number is that of the record batch format. */
  readonly offsetsTopicCompression: Codec
}

const DEFAULTS = new BrokerConfig()

/** Kafka 4.4's defaults. */
export const DEFAULT_GROUP_CONFIG: GroupConfig = {
  ownValues: () => new Map(),
  get: (name) => DEFAULTS.get(name),
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 3_000,
  groupMaxSize: 0x7fffffff,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 10_080 * 60_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  offsetsCommitTimeoutMs: 5_000,
  offsetsTopicCompression: 'none',
}

/**
 * How long a joining member that has no member id yet (JoinGroup below v4) is kept while its request is parked: it
 * cannot send heartbeats, and a client that gave up would join again and again as somebody new. Kafka's constant.
 */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000
