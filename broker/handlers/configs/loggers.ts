// Loggers as a config resource (KIP-412): a level takes effect at once and lasts as long as the process, as in Kafka.
// Source: RuntimeLoggerManager.

import type { LogLevel } from '../../../host/host.ts'
import { type Loggers, ROOT } from '../../../host/loggers.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { LEVEL_NAMES, levelOfName } from '../../config/loggers.ts'
import { ALTER } from '../../controller/configs.ts'
import { type Fault, fault, NO_FAULT } from '../../controller/decision.ts'
import { type AlteredResource, invalidRequest, nodeFault } from './resources.ts'

/** All changes, or none and what is wrong. */
export function alterLoggers(
  { resourceName, configs }: AlteredResource,
  nodeId: number,
  loggers: Loggers,
  validateOnly: boolean,
): Fault {
  const otherNode = nodeFault(resourceName, nodeId)
  if (otherNode !== null) return otherNode
  /** null: what it inherits. */
  const levels: [logger: string, level: LogLevel | null][] = []
  for (const { name, value, configOperation } of configs) {
    const wrong = operationFault(configOperation)
    if (wrong !== null) return wrong
    if (!loggers.has(name)) return fault(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`)
    if (configOperation === ALTER.delete) {
      if (name === ROOT) return invalidRequest('Removing the log level of the root logger is not allowed')
      levels.push([name, null])
      continue
    }
    const level = levelOfName(value ?? '')
    if (level === undefined) {
      const refused = `Cannot set the log level of ${name} to ${value} as it is not a supported log level.`
      return fault(ErrorCode.INVALID_CONFIG, `${refused} Valid log levels are ${LEVEL_NAMES.join(', ')}`)
    }
    levels.push([name, level])
  }
  if (!validateOnly) for (const [name, level] of levels) loggers.set(name, level)
  return NO_FAULT
}

function operationFault(operation: number | undefined): Fault | null {
  if (operation === ALTER.set || operation === ALTER.delete) return null
  const name = operation === ALTER.append ? 'APPEND' : operation === ALTER.subtract ? 'SUBTRACT' : 'Unknown'
  return invalidRequest(`${name} operation is not allowed for the BROKER_LOGGER resource`)
}
