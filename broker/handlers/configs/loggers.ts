// Loggers as a config resource (KIP-412). Milena has one logger, `root`, whose level takes effect at once and lasts as
// long as the process, as in Kafka. Kafka's finer levels are the nearest of ours: TRACE is DEBUG, FATAL is ERROR.

import type { Logger, LogLevel } from '../../../host/host.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ALTER } from '../../controller/configs.ts'
import { type Fault, fault, NO_FAULT } from '../../controller/decision.ts'
import { type AlteredResource, invalidRequest, nodeFault } from './resources.ts'

export const ROOT = 'root'

const LEVELS: Readonly<Record<string, LogLevel>> = {
  DEBUG: 'debug',
  ERROR: 'error',
  FATAL: 'error',
  INFO: 'info',
  TRACE: 'debug',
  WARN: 'warn',
}

/** All changes, or none and what is wrong. */
export function alterLoggers(
  { resourceName, configs }: AlteredResource,
  nodeId: number,
  logger: Logger,
  validateOnly: boolean,
): Fault {
  const node = nodeFault(resourceName, nodeId)
  if (node !== null) return node
  let level = logger.level
  for (const { name, value, configOperation } of configs) {
    if (configOperation === ALTER.append) return operationFault('APPEND')
    if (configOperation === ALTER.subtract) return operationFault('SUBTRACT')
    if (name !== ROOT) return fault(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`)
    if (configOperation === ALTER.delete)
      return invalidRequest('Removing the log level of the root logger is not allowed')
    if (value === null) return invalidRequest(`Null value not supported for : ${name}`)
    const wanted = LEVELS[value]
    if (wanted === undefined) {
      const wrong = `Cannot set the log level of ${name} to ${value} as it is not a supported log level.`
      return fault(ErrorCode.INVALID_CONFIG, `${wrong} Valid log levels are ${Object.keys(LEVELS).join(', ')}`)
    }
    level = wanted
  }
  if (!validateOnly) logger.level = level
  return NO_FAULT
}

function operationFault(operation: string): Fault {
  return invalidRequest(`${operation} operation is not allowed for the BROKER_LOGGER resource`)
}
