{{- define "pointsman.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "pointsman.labels" -}}
app.kubernetes.io/name: pointsman
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* Takes {root, part}: what selects the pods of one part. */}}
{{- define "pointsman.selector" -}}
app.kubernetes.io/name: pointsman
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "pointsman.claim" -}}
{{ .Values.models.existingClaim | default (printf "%s-models" (include "pointsman.name" .)) }}
{{- end }}

{{- define "pointsman.environment" -}}
- name: POINTSMAN_DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: database-url } }
- name: POINTSMAN_REDIS_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.secretName }}, key: redis-url } }
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /* Takes {root, part, tag, command, resources, gpus, probe, nodeSelector, tolerations, grace}. */}}
{{- define "pointsman.pod" -}}
metadata:
  labels:
    {{- include "pointsman.selector" . | nindent 4 }}
  {{- with .root.Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "pointsman.name" .root }}
  automountServiceAccountToken: false
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  terminationGracePeriodSeconds: {{ .grace | default 20 }}
  {{- with .nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .restart }}
  restartPolicy: {{ .restart }}
  {{- end }}
  containers:
    - name: {{ .part }}
      image: "{{ .root.Values.image.repository }}:{{ .tag }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: {{ toJson .command }}
      env:
        {{- include "pointsman.environment" .root | nindent 8 }}
        {{- range $name, $value := .env }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
      {{- if .port }}
      ports:
        - { name: http, containerPort: {{ .port }} }
      {{- end }}
      {{- with .probes }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      resources:
        requests:
          {{- toYaml .resources.requests | nindent 10 }}
        limits:
          {{- toYaml .resources.limits | nindent 10 }}
          {{- if .gpus }}
          nvidia.com/gpu: {{ .gpus }}
          {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: models, mountPath: /var/lib/pointsman }
        - { name: tmp, mountPath: /tmp }
  volumes:
    - name: models
      {{- if .stateless }}
      emptyDir: {}
      {{- else }}
      persistentVolumeClaim: { claimName: {{ include "pointsman.claim" .root }} }
      {{- end }}
    - name: tmp
      emptyDir: {}
{{- end }}
