// Chainlit translates this file anew whenever it draws an answer, so it only calls what was made once: answers/answer.js.
import * as React from 'react';
import { useRecoilState, useRecoilValue } from 'recoil';
import { currentThreadIdState, sideViewState, useChatData, useChatInteract, useConfig } from '@chainlit/react-client';
import { Markdown } from '@/components/markdown';

const useSide = () => useRecoilState(sideViewState);
const useThreadId = () => useRecoilValue(currentThreadIdState);
const libraries = { React, useSide, useThreadId, useChatData, useChatInteract, useConfig, Markdown };
const load = async () => ({ default: (await window.pagewise.answers).makeBelow(libraries) });
const Below = (window.pagewise.Below ??= React.lazy(load));

export default <React.Suspense fallback={null}><Below given={props} /></React.Suspense>;
