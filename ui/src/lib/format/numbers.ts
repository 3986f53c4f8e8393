// How amounts and moments read.

import type { Amount, Usage } from '$lib/api/types';

/** `$0.042`, `$1.28`, `$312`: as many digits as matter. */
export function money(micros: number): string {
  const dollars = micros / 1_000_000;
  if (dollars === 0) return '$0';
  if (dollars < 0.001) return '<$0.001';
  if (dollars < 0.1) return `$${dollars.toFixed(3)}`;
  if (dollars < 100) return `$${dollars.toFixed(2)}`;
  return `$${Math.round(dollars).toLocaleString('en-US')}`;
}

/** `940`, `12.3k`, `1.2M`. */
export function tokens(count: number): string {
  if (count < 1_000) return String(count);
  if (count < 999_500) return `${short(count / 1_000)}k`;
  return `${short(count / 1_000_000)}M`;
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

/** What was consumed; an unknown price is said, not shown as nothing. */
export function cost(spent: Usage): string {
  if (spent.tokens === 0) return '–';
  return spent.cost_micros === null ? 'unknown' : money(spent.cost_micros);
}

export function amount(spent: Amount): string {
  return `${tokens(spent.tokens)} tokens, ${money(spent.cost_micros)}`;
}

/** `8 s`, `4 min`, `1 h 59 min`, `12 h`, `2 d`: rounded down to what still matters. */
export function length(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  const minutes = Math.floor(seconds / 60) % 60;
  if (seconds < 36_000 && minutes > 0) return `${Math.floor(seconds / 3_600)} h ${minutes} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `<0.2 s`, `0.4 s`, `8.2 s`, `42 s`, `4 min 10 s`: of what is mostly short, and known to 0.2 s. */
export function duration(milliseconds: number): string {
  if (milliseconds < 200) return '<0.2 s';
  if (milliseconds < 9_950) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 60 || seconds >= 3_600) return length(seconds * 1_000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `0:08`, `4:10`, `1:04:10`: for what is watched. */
export function stopwatch(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `now`, `4 min ago`. */
export function ago(at: number, now: number): string {
  return now - at < 5_000 ? 'now' : `${length(now - at)} ago`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const SECONDS = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const DATE = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export const clock = (at: number) => CLOCK.format(at);
export const seconds = (at: number) => SECONDS.format(at);
export const day = (at: number) => DAY.format(at);
/** The day as it is here, where `day` is that of UTC. */
export const date = (at: number) => DATE.format(at);
export const moment = (at: number) => FULL.format(at);

/** `1 task`, `3 tasks`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}
