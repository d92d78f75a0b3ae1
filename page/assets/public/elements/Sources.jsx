// Chainlit translates this file anew whenever it draws an answer, so it only calls what was made once: answers/answer.js.
import * as React from 'react';
import { useRecoilState } from 'recoil';
import { sideViewState, useChatData, useChatInteract, useChatMessages, useConfig } from '@chainlit/react-client';
import { Markdown } from '@/components/markdown';

const chainlits = { sideState: sideViewState, useChatData, useChatInteract, useChatMessages, useConfig, Markdown };
const libraries = { React, useSide: useRecoilState, ...chainlits };
const load = async () => ({ default: (await window.pagewise.answers).makeBelow(libraries) });
const Below = (window.pagewise.Below ??= React.lazy(load));

export default <React.Suspense fallback={null}><Below given={props} /></React.Suspense>;
