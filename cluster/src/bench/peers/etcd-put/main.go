// The load of the put bench for etcd: the same callers, keys and values as put-load.ts, by etcd's own client.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type result struct {
	Rate         float64 `json:"rate"`
	P50Ms        float64 `json:"p50Ms"`
	P99Ms        float64 `json:"p99Ms"`
	Failed       int     `json:"failed"`
	FirstFailure string  `json:"firstFailure"`
	Done         int     `json:"done"`
	CPUSeconds   float64 `json:"cpuSeconds"`
}

type caller struct {
	done         int
	latencies    []float64
	failed       int
	firstFailure string
}

func main() {
	endpoints := flag.String("endpoints", "", "comma separated")
	callers := flag.Int("callers", 1, "in a closed loop")
	warmUp := flag.Duration("warm-up", time.Second, "not measured")
	duration := flag.Duration("duration", time.Second, "measured")
	keys := flag.Int("keys", 1, "distinct keys")
	valueBytes := flag.Int("value-bytes", 100, "size of a value")
	flag.Parse()

	clients := connect(strings.Split(*endpoints, ","))
	value := strings.Repeat("v", *valueBytes)
	from := time.Now().Add(*warmUp)
	until := from.Add(*duration)
	all := make([]caller, *callers)
	var done sync.WaitGroup
	for index := range all {
		done.Add(1)
		go func(index int) {
			defer done.Done()
			me := &all[index]
			client := clients[index%len(clients)]
			for call := index; time.Now().Before(until); call += *callers {
				key := fmt.Sprintf("key-%d", (call*7919)%*keys)
				began := time.Now()
				_, err := client.Put(context.Background(), key, value)
				ended := time.Now()
				if err != nil {
					me.failed++
					me.firstFailure = err.Error()
					continue
				}
				me.done++
				if ended.After(from) && ended.Before(until) {
					me.latencies = append(me.latencies, ended.Sub(began).Seconds()*1000)
				}
			}
		}(index)
	}
	done.Wait()
	json.NewEncoder(os.Stdout).Encode(summary(all, duration.Seconds()))
}

// One client for each node, as the other side has it.
func connect(endpoints []string) []*clientv3.Client {
	clients := []*clientv3.Client{}
	for _, endpoint := range endpoints {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 5 * time.Second})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		clients = append(clients, client)
	}
	return clients
}

func summary(all []caller, seconds float64) result {
	found := result{CPUSeconds: cpuSeconds()}
	latencies := []float64{}
	for _, one := range all {
		latencies = append(latencies, one.latencies...)
		found.Failed += one.failed
		found.Done += one.done
		if one.firstFailure != "" {
			found.FirstFailure = one.firstFailure
		}
	}
	sort.Float64s(latencies)
	if count := len(latencies); count > 0 {
		found.Rate = float64(count) / seconds
		found.P50Ms = latencies[count/2]
		found.P99Ms = latencies[count*99/100]
	}
	return found
}

// Of this process, user and system.
func cpuSeconds() float64 {
	usage := syscall.Rusage{}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
