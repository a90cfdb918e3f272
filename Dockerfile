# Sluice in an image of its own: the program, and the certificates it needs to know GitHub by.
#   docker build -t registry.example/sluice:VERSION .
# There is no git in it: leave `source_dir` out, and GitHub is asked for the text of what was scanned.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY connectors connectors
COPY policy policy
COPY promoter promoter
COPY rules rules
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-X 'main.built=$VERSION'" -o /sluice ./cmd/sluice

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /sluice /sluice
USER 65532:65532
WORKDIR /var/lib/sluice
# There are no users in here to book a run under.
ENV SLUICE_ACTOR=os:sluice
ENTRYPOINT ["/sluice"]
CMD ["run"]
