// The server properties that bound connections and requests.

import type { BrokerConfig } from './config/broker-config.ts'
import { parsePairs } from './network/listeners.ts'
import type { ServerLimits } from './network/server.ts'

/** queued.max.request.bytes -1: Kafka then has no limit. Eight of the largest batches of 64 producers fit in this. */
const DEFAULT_REQUEST_MEMORY = 256 * 1024 * 1024

/** Answers on their way to clients; Kafka has no such bound, for it sends from the page cache. */
export const ANSWER_MEMORY = 256 * 1024 * 1024

export function requestMemory(config: BrokerConfig): number {
  const size = config.get('queued.max.request.bytes')
  return size < 0 ? DEFAULT_REQUEST_MEMORY : size
}

export function serverLimits(config: BrokerConfig): ServerLimits {
  return {
    get maxFrameSize() {
      return config.get('socket.request.max.bytes')
    },
    get maxConnections() {
      return config.get('max.connections')
    },
    get maxConnectionsPerIp() {
      return config.get('max.connections.per.ip')
    },
    get maxConnectionsPerIpOverrides() {
      const overrides = parsePairs(config.get('max.connections.per.ip.overrides'))
      return new Map(Array.from(overrides, ([host, count]) => [host, Number(count)]))
    },
    get maxIdleMs() {
      return config.get('connections.max.idle.ms')
    },
  }
}
