/** Claims that StatefulSets made from their templates: as long as data is retained they have no owner, and are known by their names. */
import type { JsonObject } from '../../api/meta.ts';
import type { ObjectKey } from '../objects.ts';
import { rowOf } from './kinds/index.ts';

/** `<template>-<set>` of `<template>-<set>-<ordinal>`; undefined = it ends with no number. */
const stemOf = (claim: string): string | undefined => /^(.+)-\d+$/.exec(claim)?.[1];

/** Every StatefulSet that may have made a claim of this name: both parts of the name may have hyphens in them. */
export const possibleSetsOf = (claim: string): readonly ObjectKey[] => {
  const parts = stemOf(claim)?.split('-') ?? [];
  return parts.slice(1).map((_, i): ObjectKey => `StatefulSet/${parts.slice(i + 1).join('-')}`);
};

/** Whether a set names a claim like this, whatever number of replicas it has. */
export const namesClaim = (set: JsonObject, claim: string): boolean =>
  (rowOf(set)?.claims?.(set, 0) ?? []).some((name) => stemOf(name) === stemOf(claim));
