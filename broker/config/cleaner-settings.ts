// What log.cleaner.* says to the cleaner. There is one worker, whatever log.cleaner.threads says: it shares the event
// loop, and a second one would clean no faster.

import type { CleanerSettings } from '../../storage/cleaner/log-cleaner.ts'
import type { BrokerConfig } from './broker-config.ts'

export function cleanerSettings(config: BrokerConfig): CleanerSettings {
  return {
    isEnabled: config.get('log.cleaner.enable'),
    backoffMs: config.get('log.cleaner.backoff.ms'),
    maxBytesPerSecond: config.get('log.cleaner.io.max.bytes.per.second'),
    mapSize: config.get('log.cleaner.dedupe.buffer.size'),
    loadFactor: config.get('log.cleaner.io.buffer.load.factor'),
    bufferSize: config.get('log.cleaner.io.buffer.size'),
  }
}
