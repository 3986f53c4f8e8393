// The shapes of the API by their own names.

import type { components } from './schema';

type Schemas = components['schemas'];

export type AgentAtWork = Schemas['AgentAtWork'];
export type Amount = Schemas['Amount'];
export type Begin = Schemas['Begin'];
export type Begun = Schemas['Begun'];
export type Card = Schemas['Card'];
export type ChangedFile = Schemas['ChangedFile'];
export type Changes = Schemas['Changes'];
export type Check = Schemas['Check'];
export type Costs = Schemas['Costs'];
export type EditTask = Schemas['EditTask'];
export type ErrorCode = Schemas['ErrorCode'];
export type Finding = Schemas['Finding'];
export type Found = Schemas['Found'];
export type InboxItem = Schemas['InboxItem'];
export type JournalEntry = Schemas['JournalEntry'];
export type LogLine = Omit<Schemas['LogLine'], 'event'> & { event: Record<string, unknown> };
export type NewTask = Schemas['NewTask'];
export type Note = Schemas['Note'];
export type Place = Schemas['Place'];
export type Priority = Schemas['Priority'];
export type Project = Schemas['Project'];
export type Reach = Schemas['Reach'];
export type Delivery = Schemas['Delivery'];
export type PullView = Schemas['PullView'];
export type Receipt = Schemas['Receipt'];
export type Run = Schemas['Run'];
export type Scalar = Schemas['Scalar'];
export type Searched = Schemas['Searched'];
export type Share = Schemas['Share'];
export type Stage = Schemas['Stage'];
export type Status = Schemas['Status'];
export type StreamMessage = Schemas['StreamMessage'];
export type Task = Schemas['Task'];
export type TaskDiff = Schemas['TaskDiff'];
export type TaskStatus = Schemas['TaskStatus'];
export type Team = Schemas['TeamAnswer'];
export type TeamEdit = Schemas['TeamEdit'];
export type TeamFile = Schemas['TeamFile'];
export type TeamFileChecked = Schemas['TeamFileChecked'];
export type TeamForm = Schemas['TeamForm'];
export type Mistake = Schemas['Mistake'];
export type Usage = Schemas['Usage'];
export type RunMessage = { type: 'lines'; lines: LogLine[] } | { type: 'end' };
