// The server properties that bound connections and requests.

import type { BrokerConfig } from './config/broker-config.ts'
import { parsePairs } from './network/listeners.ts'
import type { ServerLimits } from './network/server.ts'

/** queued.max.request.bytes -1: Kafka then has no limit. Eight of the largest batches of 64 producers fit in this. */
const DEFAULT_REQUEST_MEMORY = 256 * 1024 * 1024

export function requestMemory(config: BrokerConfig): number {
  const size = config.get('queued.max.request.bytes')
  return size < 0 ? DEFAULT_REQUEST_MEMORY : size
}

export function serverLimits(config: BrokerConfig): ServerLimits {
  // Asked for at each accept, changed hardly ever.
  let listed = ''
  let overrides: ReadonlyMap<string, number> = new Map()
  return {
    get maxFrameSize() {
      return config.get('socket.request.max.bytes')
    },
    get maxConnections() {
      return config.boundOf('max.connections')
    },
    get maxConnectionsPerIp() {
      return config.get('max.connections.per.ip')
    },
    get maxConnectionsPerIpOverrides() {
      const now = config.get('max.connections.per.ip.overrides')
      if (now !== listed) {
        overrides = new Map(Array.from(parsePairs(now), ([host, count]) => [host, Number(count)]))
        listed = now
      }
      return overrides
    },
    get maxIdleMs() {
      return config.get('connections.max.idle.ms')
    },
  }
}
